import { writeFileSync } from "node:fs";
import { runNode } from "./program.mjs";

/** Not loaded by a program's wish, or with effects of their own when they are. */
const NOT_BY_ITSELF =
	/^_|^internal\/(main|bootstrap|per_context|process|test|modules|child_process$|cluster)/;

/**
 * Some tests replace an inner part of Node before a public module is first loaded, so any preload that loads dns, tls
 * or http makes them fail. Writes a preload that loads the built-in modules that another one loads, and does nothing
 * else.
 * @param {string} file where to
 * @param {Omit<import("./judge.mjs").How, "control">} how
 * @returns {Promise<string[]>} the arguments of Node that load it
 */
export async function writeControl(file, { preload, ...how }) {
	const before = await modulesAfter({ ...how, preload: [] });
	const loaded = (await modulesAfter({ ...how, preload })).filter(
		(name) => !before.includes(name) && !NOT_BY_ITSELF.test(name),
	);
	const isInternal = (name) => name.startsWith("internal/");
	writeFileSync(
		file,
		`for (const name of ${JSON.stringify([
			...loaded.filter((name) => !isInternal(name)),
			...loaded.filter(isInternal),
		])}) require(name);
`,
	);
	return ["--expose-internals", "--require", file];
}

async function modulesAfter({ node, preload, environment }) {
	const { stdout, stderr } = await runNode({
		node,
		arguments: [
			...preload,
			"--eval",
			"console.log(JSON.stringify(process.moduleLoadList))",
		],
		environment,
	});
	if (!stdout) throw new Error(`${preload} does not load:\n${stderr}`);
	return JSON.parse(stdout)
		.map((entry) => entry.split(" "))
		.filter(([kind]) => kind === "NativeModule")
		.map(([, name]) => name);
}
