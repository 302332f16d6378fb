import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { build, type Plugin, transform } from "esbuild";
import { inject } from "vitest";
import { parseAst } from "vitest/node";

/** What can be asked of the probes, by a program that runs under an agent with them. */
export interface Probes {
	/** The functions that throw when they are called, by name. */
	throwing: Set<string>;
	/** Each of them only once. */
	once: boolean;
	/** Those that were called. */
	readonly reached: Set<string>;
	/** Those that threw, how often they did, and how many faults the agent has counted. */
	readonly thrown: Set<string>;
	faults: number;
	counted: number;
	/** An agent that has had so many faults that it switched itself off goes on. */
	limitless: boolean;
}

declare global {
	var conntraceProbes: Probes;
}

/** What the functions say that throw. */
export const FAULT = "a fault made by the test";

/** Stands before everything else in the agent's file. TEST_FAULTY names functions that throw from the beginning. */
const PROBES = `
const { TEST_FAULTY } = process.env;
const conntraceProbes = globalThis.conntraceProbes = {
	throwing: new Set(TEST_FAULTY?.split(",")),
	reached: new Set(),
	thrown: new Set(),
	faults: 0,
	counted: 0,
	limitless: false,
	once: false,
};
function conntraceProbe(name) {
	conntraceProbes.reached.add(name);
	if (!conntraceProbes.throwing.has(name)) return;
	conntraceProbes.thrown.add(name);
	conntraceProbes.faults += 1;
	if (conntraceProbes.once) conntraceProbes.throwing.delete(name);
	throw new Error(${JSON.stringify(FAULT)});
}
`;

/** As scripts/build.mjs has it around the agent's file. */
const GUARD = [
	"try {",
	// biome-ignore lint/suspicious/noTemplateCurlyInString: it is a template in the file that is built
	"} catch (error) { process.stderr.write(`conntrace: cannot run here, nothing is traced: ${error.message}\\n`); }",
] as const;

/** Builds the agent with a probe in each of its functions. @returns the file to preload */
export async function buildWithProbes(): Promise<string> {
	const outfile = join(inject("temporaryDirectory"), `${randomUUID()}.cjs`);
	const [before, after] = GUARD;
	await build({
		entryPoints: ["src/register.ts"],
		outfile,
		bundle: true,
		platform: "node",
		banner: { js: PROBES + before },
		footer: { js: after },
		plugins: [probes],
	});
	return outfile;
}

const SOURCES = join(process.cwd(), "src") + sep;

/** Functions of these files are made to throw in Lambda, and need not be called elsewhere. */
export const OF_LAMBDA =
	/^(lambda\/|aws\/xray|connections\/invocation|spans\/invocation-span)/;

/** The functions of the agent that have a probe, by the names that they throw by. */
export const probedFunctions = new Set<string>();

const probes: Plugin = {
	name: "probes",
	setup({ onLoad }) {
		onLoad({ filter: /\.ts$/ }, async ({ path }) => {
			if (!path.startsWith(SOURCES)) return undefined;
			const { code } = await transform(await readFile(path, "utf8"), {
				loader: "ts",
				target: "node20",
			});
			const file = relative(SOURCES, path).replace(/\.ts$/, "");
			const contents = probed(file, code);
			return {
				contents: file === "agent/faults" ? watched(contents) : contents,
			};
		});
	},
};

/** The faults that are taken are counted here as well, and make no end if that is not wanted. */
function watched(code: string): string {
	return code
		.replace(/this\.count (>=|===) LIMIT/g, "!conntraceProbes.limitless && $&")
		.replace(
			/this\.count \+= 1;/,
			`$& if (error?.message === ${JSON.stringify(FAULT)}) conntraceProbes.counted += 1;`,
		);
}

interface Node {
	readonly type: string;
	readonly start: number;
	readonly end: number;
	readonly [field: string]: unknown;
}

/**
 * The code with a probe at the beginning of each function, but for function expressions, and methods that are taken out of
 * their object at once: by those, and nothing else, the agent takes the place of functions of Node and of the program, and
 * what they do themselves is theirs to guard.
 */
function probed(file: string, code: string): string {
	const insertions: [at: number, text: string][] = [];
	const takenOut = new Set<Node>();
	const seen = new Map<string, number>();

	/**
	 * @param around the names of what it stands in
	 * @param given what it is called by what it stands in
	 */
	function visit(node: Node, around: string, given: string): void {
		const { type } = node;
		const own = nameOf(node);
		const isMethod =
			type === "MethodDefinition" ||
			(type === "Property" && !takenOut.has(node));
		if (type === "MemberExpression") {
			const { properties } = node.object as Node;
			for (const one of (properties as Node[] | undefined) ?? [])
				takenOut.add(one);
		}
		const name = `${around}${own ?? given}`;
		const isNamed = /Function|^Class(Declaration|Expression)$/.test(type);
		if (isProbed(node, given)) probe(node, name);
		const inside = isNamed ? `${name}.` : around;
		for (const child of childrenOf(node))
			visit(child, inside, `${own ?? "()"}${isMethod ? METHOD : ""}`);
	}

	function probe({ body }: Node, path: string): void {
		const name = path.replaceAll(METHOD, "");
		const nth = (seen.get(name) ?? 0) + 1;
		seen.set(name, nth);
		const called = `${file}: ${name}${nth > 1 ? `#${nth}` : ""}`;
		probedFunctions.add(called);
		const call = `conntraceProbe(${JSON.stringify(called)})`;
		const { type, start, end } = body as Node;
		if (type === "BlockStatement") insertions.push([start + 1, `${call};`]);
		else insertions.push([start, `(${call},(`], [end, "))"]);
	}

	visit(parseAst(code) as unknown as Node, "", "()");
	return insertions
		.sort(([a], [b]) => b - a)
		.reduce(
			(text, [at, inserted]) => text.slice(0, at) + inserted + text.slice(at),
			code,
		);
}

/** Behind the name of a method, which is a function expression to the parser. */
const METHOD = "\0";

function isProbed({ type, body }: Node, given: string): boolean {
	return (
		type === "FunctionDeclaration" ||
		(type === "ArrowFunctionExpression" && !isGuard(body as Node)) ||
		(type === "FunctionExpression" && given.endsWith(METHOD))
	);
}

/** What does nothing but run something else under a guard belongs to the guard. */
function isGuard({ type, callee, body, expression }: Node): boolean {
	if (type === "BlockStatement") {
		const [first, ...rest] = body as Node[];
		return first !== undefined && rest.length === 0 && isGuard(first);
	}
	if (type === "ExpressionStatement") return isGuard(expression as Node);
	return (
		type === "CallExpression" &&
		["guard", "observe"].includes(nameOf(callee as Node) ?? "")
	);
}

function childrenOf(node: Node): Node[] {
	return Object.values(node).flat().filter(isNode);
}

function isNode(value: unknown): value is Node {
	return typeof (value as Node | null | undefined)?.type === "string";
}

/** What a piece of code is called, and what stands in it by that: the arguments of a call by the first text among them. */
function nameOf(node: Node): string | undefined {
	if (node.type === "CallExpression") {
		const text = (node.arguments as Node[]).find(
			({ type, value }) => type === "Literal" && typeof value === "string",
		);
		return (text?.value as string | undefined) ?? nameOf(node.callee as Node);
	}
	const { id, key, property, name } = node;
	if (typeof name === "string") return name;
	const named = [id, key, property].find(isNode);
	return named && nameOf(named);
}
