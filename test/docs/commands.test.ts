import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { REASONS } from "../../src/connections/reason.js";
import { renderRuns } from "../../src/report/terminal.js";
import { blocksOf, DOCUMENTS, inlineCodeOf, proseOf } from "./documents.js";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as {
	scripts: Record<string, string>;
};

/** Programs of the reader. */
const PROGRAM_OF_A_READER = /^(your-program|handler|server|app)\.[cm]?js$/;

const compose = parse(readFileSync("docker-compose.yml", "utf8")) as {
	services: Record<string, { profiles?: string[] }>;
};

/** Scripts whose options a document names by themselves. */
const OPEN_TO_READERS = "bench/run.mjs test/conformance/main.mjs";

/** The options of each command of conntrace, as its help tells them. */
const OPTIONS = new Map(
	["run", "report", "experiment", "doctor"].map((command) => [
		command,
		optionsIn(
			execFileSync(process.execPath, ["dist/cli.js", command, "--help"], {
				encoding: "utf8",
			}),
		),
	]),
);

function optionsIn(help: string): string[] {
	return [...help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(
		([, option = ""]) => option,
	);
}

/** The commands of a shell script, each as its words. */
function commandsOf(script: string): string[][] {
	return script
		.replaceAll("\\\n", " ")
		.split("\n")
		.flatMap((line) => line.replace(/(^|\s)#.*/, "").split(/&&|\||;/))
		.map((command) =>
			(command.match(/(?:\w+=)?(?:'[^']*'|"[^"]*"|<[^>]*>)|\S+/g) ?? []).filter(
				(word) => !/^(\[|<|[A-Z_]+=)/.test(word),
			),
		)
		.filter((words) => words.length > 0);
}

/** What of a command is not there. */
function problemsOf(words: readonly string[]): string[] {
	const [program = "", ...args] = words;
	const rule = RULES[program];
	return rule
		? rule(args).map((what) => `${words.join(" ")}: ${what}`)
		: [`${program}: no rule for this command, add one`];
}

const RULES: Record<string, (args: readonly string[]) => string[]> = {
	npm: ([verb = "", name = "", ...rest]) => {
		if (verb === "run") {
			return name in scripts
				? optionsMissingIn(scripts[name] ?? "", rest)
				: [`no script ${name}`];
		}
		// `npm start` is the reader's own.
		if (["test", "start", "ci"].includes(verb)) return [];
		if (verb !== "install") return [`npm ${verb}`];
		return name === "--prefix" && !existsSync(`${rest[0]}/package.json`)
			? [`no package in ${rest[0]}`]
			: [];
	},
	npx: ([tool = "", verb = "", ...paths]) => {
		if (tool === "conntrace") return conntraceProblems([verb, ...paths]);
		if (tool !== "vitest" || verb !== "run") return [`npx ${tool}`];
		return paths
			.filter((path) => !path.startsWith("-") && !existsSync(path))
			.map((path) => `no ${path}`);
	},
	node: (args) => {
		const [script = "", ...rest] = args.filter(
			(arg, index) =>
				!arg.startsWith("-") &&
				!/^(-r|--require|--import)$/.test(args[index - 1] ?? ""),
		);
		if (script === "dist/cli.js")
			return conntraceProblems(args.slice(args.indexOf(script) + 1));
		if (script === "" || PROGRAM_OF_A_READER.test(script)) return [];
		if (!existsSync(script)) return [`no ${script}`];
		return optionsMissingIn(`node ${script}`, [...rest, ...args]);
	},
	conntrace: conntraceProblems,
	export: () => [],
	cd: () => [],
	git: ([verb]) => (verb === "clone" ? [] : [`git ${verb}`]),
	docker: ([verb, ...args]) => {
		if (verb === "push") return [];
		if (verb === "build") {
			const file = args[args.indexOf("-f") + 1] ?? "";
			return existsSync(file) ? [] : [`no ${file}`];
		}
		if (verb !== "compose") return [`docker ${verb}`];
		const profiles = Object.values(compose.services).flatMap(
			(service) => service.profiles ?? [],
		);
		return args
			.filter(
				(arg, index) =>
					!/^(up|down|-d|-v|--profile)$/.test(arg) &&
					!(args[index - 1] === "--profile" ? profiles : services()).includes(
						arg,
					),
			)
			.map((arg) => `no service or profile ${arg}`);
	},
	aws: (args) =>
		args
			.flatMap((arg) => /^fileb?:\/\/(.*)$/.exec(arg)?.[1] ?? [])
			.filter((path) => !existsSync(path))
			.map((path) => `no ${path}`),
};

const services = (): string[] => Object.keys(compose.services);

/** Options that neither the scripts of a command know nor what they import of this repository. */
function optionsMissingIn(command: string, args: readonly string[]): string[] {
	const source = (command.match(/\S+\.mjs/g) ?? [])
		.flatMap((script) => [script, ...importsOf(script)])
		.map((file) => readFileSync(file, "utf8"))
		.join("\n");
	return args
		.filter((arg) => /^--\w/.test(arg))
		.filter(
			(arg) =>
				!new RegExp(`${arg}\\b|\\b${arg.slice(2)}"?: (\\[|\\{ type:)`).test(
					source,
				),
		)
		.map((arg) => `no option ${arg}`);
}

function importsOf(script: string): string[] {
	return [
		...readFileSync(script, "utf8").matchAll(/from "(\.\/[\w-]+\.mjs)"/g),
	].map(([, path = ""]) => join(dirname(script), path));
}

function conntraceProblems([
	command = "",
	...args
]: readonly string[]): string[] {
	if (command === "" || command === "--help" || command === "--version")
		return [];
	const options = OPTIONS.get(command);
	if (!options) return [`no command ${command}`];
	const own = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
	const reasons = own[own.indexOf("--fail-on") + 1] ?? "";
	return [
		...own
			.filter((arg) => /^--\w/.test(arg) && !options.includes(arg))
			.map((option) => `no option ${option}`),
		...(own.includes("--fail-on")
			? reasons
					.split(",")
					.filter((reason) => !(REASONS as readonly string[]).includes(reason))
					.map((reason) => `no reason ${reason}`)
			: []),
	];
}

describe.each(DOCUMENTS)("%s", (file) => {
	it("has blocks of commands that are there", () => {
		for (const { language, code, place } of blocksOf(file))
			if (language === "sh")
				for (const words of commandsOf(code))
					expect(problemsOf(words), place).toEqual([]);
	});

	it("names commands that are there", () => {
		for (const code of inlineCodeOf(file))
			if (/^(npm|npx|node|conntrace|docker) /.test(code))
				for (const words of commandsOf(code))
					expect(problemsOf(words)).toEqual([]);
	});

	it("names options that are there", () => {
		const known = [
			...[...OPTIONS.values()].flat(),
			...process.allowedNodeEnvironmentFlags,
		];
		for (const code of inlineCodeOf(file)) {
			const [option] = /^--\w[\w-]*/.exec(code) ?? [];
			if (option && optionsMissingIn(OPEN_TO_READERS, [option]).length > 0)
				expect(known).toContain(option);
		}
	});
});

describe("docs/report.md", () => {
	const page = proseOf("docs/report.md");

	it.each([...OPTIONS])(
		"tells every option of conntrace %s",
		(command, options) => {
			expect(page).toContain(`conntrace ${command}`);
			const [, section = ""] = page.split(`\n## ${command}\n`);
			const common = page.split("\n## ")[0];
			for (const option of options)
				if (option !== "--help")
					expect(common + (section.split("\n## ")[0] ?? "")).toContain(option);
		},
	);
});

it("README.md shows the table that the demo prints", () => {
	const [, head] = renderRuns([], "puts").split("\n");
	const cells = (row = ""): string[] =>
		row.split("│").map((cell) => cell.trim());
	const shown = blocksOf("README.md").find(({ code }) => code.startsWith("┌"));
	expect(cells(shown?.code.split("\n")[1])).toEqual(cells(head));
});

describe("a command that is not there", () => {
	it.each([
		["npm run nothing", "no script nothing"],
		["npm run bench -- --run 5", "no option --run"],
		["npm install --prefix nowhere", "no package in nowhere"],
		["npx vitest run test/nowhere", "no test/nowhere"],
		[
			"node -r ./dist/register.js examples/nothing.js",
			"no examples/nothing.js",
		],
		["node bench/micro.mjs --nothing", "no option --nothing"],
		["OTEL_LOG_LEVEL=info conntrace watch", "no command watch"],
		["node dist/cli.js run --pdf a -- x --b", "no option --pdf"],
		["npx conntrace run --fail-on bored -- x", "no reason bored"],
		["docker compose up -d zipkin", "no service or profile zipkin"],
		["docker build -f nowhere.Dockerfile .", "no nowhere.Dockerfile"],
		["docker compose --profile nothing up", "no service or profile nothing"],
		["aws lambda a --zip-file fileb://dist/no.zip", "no dist/no.zip"],
		["true && make", "no rule for this command"],
	])("is found: %s", (command, problem) => {
		expect(commandsOf(command).flatMap(problemsOf).join("\n")).toContain(
			problem,
		);
	});
});
