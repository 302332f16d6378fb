import { execFile, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
	mkdirSync,
	mkdtempSync,
	readFileSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import AWS from "aws-sdk";
import { Deployment } from "kubernetes-models/apps/v1";
import { describe, expect, inject, it } from "vitest";
import { parse } from "yaml";
import { NODE } from "../commands/conntrace.js";
import { BUILD_SOURCES } from "../support/build-sources.js";
import { startCollector } from "../support/collector.js";
import { story, test } from "../support/scenario.js";
import { requestsOf } from "../support/spans.js";
import {
	type Container,
	DEPLOYMENT,
	POD,
	readDeployment,
	readTaskDefinition,
	TASK_DEFINITION,
} from "./containers.js";

const AGENT_DOCKERFILE = "examples/agent.Dockerfile";

/** What an image of examples/agent.Dockerfile holds, from its last `COPY`. */
function agentImage(): [path: string, content: string][] {
	const dockerfile = readFileSync(AGENT_DOCKERFILE, "utf8");
	const [, files = "", folder = ""] =
		/^COPY --from=build (.*) (\/\S*\/)$/m.exec(dockerfile) ?? [];
	return files
		.split(" ")
		.map((file) => [
			folder + basename(file),
			readFileSync(file.replace("/app/", ""), "utf8"),
		]);
}

describe("examples/agent.Dockerfile", () => {
	const dockerfile = readFileSync(AGENT_DOCKERFILE, "utf8");

	it("copies everything that the build reads", () => {
		const copied = [...dockerfile.matchAll(/^COPY (?!--)(.*) \S+$/gm)].flatMap(
			([, files = ""]) => files.split(" "),
		);
		expect(copied.toSorted()).toEqual(
			[...BUILD_SOURCES, "package-lock.json"].toSorted(),
		);
	});

	it("builds on an exact version, and runs on another", () => {
		const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(
			([, image]) => image,
		);
		expect(bases).toHaveLength(2);
		for (const image of bases)
			expect(image).toMatch(/^[a-z]+:\d+\.\d+\.\d+(-slim)?$/);
	});
});

describe("manifests", () => {
	it(`${DEPLOYMENT} is what Kubernetes calls a Deployment`, () => {
		new Deployment(parse(readFileSync(DEPLOYMENT, "utf8"))).validate();
	});

	it("has no key that Kubernetes does not know, which its schemas let pass", () => {
		const text = readFileSync(DEPLOYMENT, "utf8");
		expect(typeErrors(text)).toBe("");
		expect(typeErrors(text.replaceAll("emptyDir", "emptyDirectory"))).toContain(
			`'"emptyDirectory"' does not exist in type 'IVolume'`,
		);
	}, 60_000);

	test(`${TASK_DEFINITION} is what ECS registers`, async ({ http }) => {
		const text = readFileSync(TASK_DEFINITION, "utf8");
		const register = (definition: string) =>
			new AWS.ECS({
				endpoint: http.origin,
				region: "eu-west-1",
				credentials: { accessKeyId: "nobody", secretAccessKey: "nothing" },
			})
				.registerTaskDefinition(JSON.parse(definition))
				.promise();
		await register(text).catch((error) => {
			// The server is not ECS: its answer is not JSON.
			if (error.code !== "SyntaxError") throw error;
		});
		expect(http.requests[0]?.headers["x-amz-target"]).toMatch(
			/\.RegisterTaskDefinition$/,
		);
		await expect(
			register(text.replaceAll("mountPoints", "volumeMounts")),
		).rejects.toThrow("Unexpected key 'volumeMounts'");
	});
});

/** What the compiler says of a manifest as a value of the type that the schemas of Kubernetes give. */
function typeErrors(manifest: string): string {
	const folder = mkdtempSync(join(inject("temporaryDirectory"), "types-"));
	symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
	const file = join(folder, "deployment.mts");
	writeFileSync(
		file,
		`import type { IDeployment } from "kubernetes-models/apps/v1";
		export const deployment: IDeployment = ${JSON.stringify(parse(manifest))};`,
	);
	const { stdout } = spawnSync(
		process.execPath,
		[
			...["node_modules/typescript/bin/tsc", "--ignoreConfig", "--noEmit"],
			...["--strict", "--module", "nodenext", "--types", "", file],
		],
		{ encoding: "utf8" },
	);
	return stdout;
}

describe.each([
	[
		DEPLOYMENT,
		readDeployment(),
		{
			"service.name": "shop",
			"k8s.pod.name": POD["metadata.name"],
			"k8s.namespace.name": POD["metadata.namespace"],
		},
	],
	[TASK_DEFINITION, readTaskDefinition(), { "service.name": "shop" }],
] as const)("the containers of %s", (_, containers, resource) => {
	it("share a volume, which the traced one cannot write to", () => {
		const { bringing, traced, volumes } = containers;
		expect(volumes).toHaveLength(1);
		const [into] = bringing.mounts;
		const [from] = traced.mounts;
		expect([into?.volume, from?.volume]).toEqual([volumes[0], volumes[0]]);
		expect([into?.readOnly, from?.readOnly]).toEqual([false, true]);
	});

	test("give the spans of a program, run as processes over the same files", async ({
		http,
	}) => {
		const machine = new Machine();
		for (const [path, content] of agentImage())
			machine.write(containers.bringing, path, content);
		for (const volume of containers.volumes) machine.mount(volume);
		await machine.run(containers.bringing);
		const { OTEL_EXPORTER_OTLP_ENDPOINT } = containers.traced.environment;
		expect(OTEL_EXPORTER_OTLP_ENDPOINT).toMatch(/^http:\/\/[a-z.]+:4318$/);
		const exported = await expectSpans(machine, containers.traced, http.origin);
		for (const [key, value] of Object.entries(resource)) {
			expect(exported).toContain(
				JSON.stringify({ key, value: { stringValue: value } }),
			);
		}
	});
});

test("examples/traced.Dockerfile gives the spans of a program, run as a process over the same files", async ({
	http,
}) => {
	const dockerfile = readFileSync("examples/traced.Dockerfile", "utf8");
	const [, from, folder] =
		/^COPY --from=(\S+) (\S+) \2$/m.exec(dockerfile) ?? [];
	expect(from).toBe(readDeployment().bringing.image);
	const [, options = ""] = /^ENV NODE_OPTIONS="(.*)"$/m.exec(dockerfile) ?? [];
	const container: Container = {
		...readDeployment().traced,
		environment: { NODE_OPTIONS: options },
		mounts: [],
	};
	const machine = new Machine();
	for (const [path, content] of agentImage()) {
		expect(path.startsWith(`${folder}/`)).toBe(true);
		machine.write(container, path, content);
	}
	await expectSpans(machine, container, http.origin);
});

/**
 * Runs a container with a program that makes two requests, and sees what a collector gets of it.
 * @returns what was exported, as OTLP JSON
 */
async function expectSpans(
	machine: Machine,
	container: Container,
	origin: string,
): Promise<string> {
	const collector = await startCollector();
	const file = join(inject("temporaryDirectory"), `${randomUUID()}.jsonl`);
	machine.write(container, "/server.js", PROGRAM);
	await machine.run(container, {
		TARGET: origin,
		OTEL_EXPORTER_OTLP_ENDPOINT: collector.origin,
		// The machine may be busy.
		CONNTRACE_FLUSH_TIMEOUT: "10000",
		CONNTRACE_FILE: file,
	});
	await collector.close();
	expect(story({ requests: requestsOf(collector.taken) })).toEqual([
		"first_connection",
		"request 2",
	]);
	return readFile(file, "utf8");
}

/** Two requests, one after the other. */
const PROGRAM = `
	const agent = new (require("node:http").Agent)({ keepAlive: true });
	const get = () => new Promise((resolve) => require("node:http").get(process.env.TARGET, { agent },
		(response) => response.resume().on("end", () => setImmediate(resolve))));
	get().then(get).then(() => agent.destroy());`;

/** Runs containers as processes: what is absolute in their commands and variables leads into folders of this machine. */
class Machine {
	readonly #folder = mkdtempSync(
		join(inject("temporaryDirectory"), "machine-"),
	);

	/** Puts a file into a container's image. */
	write(container: Container, path: string, content: string): void {
		const file = this.#pathOf(container, path);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, content);
	}

	mount(volume: string): void {
		mkdirSync(join(this.#folder, volume));
	}

	async run(
		container: Container,
		environment: Readonly<Record<string, string>> = {},
	): Promise<void> {
		const local = (text: string) =>
			text.replace(/(?<=^|\s)\/\S+/g, (path) => this.#pathOf(container, path));
		const [program = "", ...args] = container.command.map(local);
		const { stderr } = await promisify(execFile)(
			program === "node" ? NODE : program,
			args,
			{
				cwd: this.#pathOf(container, "/"),
				env: {
					PATH: process.env.PATH,
					...Object.fromEntries(
						Object.entries(container.environment).map(([name, value]) => [
							name,
							local(value),
						]),
					),
					...environment,
				},
			},
		);
		expect(stderr).toBe("");
	}

	#pathOf({ image, mounts }: Container, path: string): string {
		const mount = mounts.find((candidate) =>
			path.startsWith(`${candidate.path}/`),
		);
		return mount
			? join(this.#folder, mount.volume, path.slice(mount.path.length))
			: join(this.#folder, image, path);
	}
}
