// The options of a measurement's command line.
import { basename } from "node:path";
import { parseArgs } from "node:util";

/** Those that every measurement in interleaved runs has: by name what it is for, and its default. */
export const COMMON = {
	node: ["the Node.js to measure under", process.execPath],
	json: ["file to write every figure to", ""],
};

/**
 * Reads the options, or tells them and ends the process.
 * @param options by name: what it is for, and its default; where that is a number, a whole number from 1 is expected
 */
export function readOptions(options) {
	const { values } = parseArgs({
		options: {
			help: { type: "boolean" },
			...mapValues(options, ([, preset]) => ({
				type: "string",
				default: String(preset),
			})),
		},
	});
	if (values.help) {
		console.log(`node bench/${basename(process.argv[1])} [options]`);
		for (const [name, [purpose, preset]] of Object.entries(options)) {
			const usual = preset === "" ? "" : ` (${preset})`;
			console.log(`  --${name.padEnd(12)} ${purpose}${usual}`);
		}
		process.exit();
	}
	return mapValues(options, ([, preset], name) =>
		typeof preset === "number" ? count(name, values[name]) : values[name],
	);
}

function count(name, text) {
	const number = Number(text);
	if (!Number.isInteger(number) || number < 1)
		throw new Error(`--${name} ${text}: expected a whole number from 1`);
	return number;
}

function mapValues(object, change) {
	return Object.fromEntries(
		Object.entries(object).map(([name, value]) => [name, change(value, name)]),
	);
}
