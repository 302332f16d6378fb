import { printable } from "../printable";
import type { Emphasis } from "../report/terminal";
import type { Diagnosis } from "./diagnosis";
import type { ProcessExamination } from "./examination";
import { byOwner } from "./problems";

/** The diagnosis for a terminal. */
export function renderDiagnosis(
	diagnosis: Diagnosis,
	{ bold, red }: Emphasis,
): string {
	const { versions, packages, processes, trial, endpoint, settings, problems } =
		diagnosis;
	const section = (title: string, lines: readonly string[]): string =>
		`${bold(title)}\n${lines.map((line) => `  ${printable(line)}\n`).join("")}\n`;
	return [
		section("Versions", [
			`conntrace ${versions.conntrace}, Node.js ${versions.node}, ${versions.platform}`,
			...packages.map(({ name, version }) => `${name} ${version}`),
		]),
		...processes.map((process) =>
			section(
				`Process ${process.pid}: ${printable(process.program)}, Node.js ${process.node}`,
				processLines(process),
			),
		),
		trial
			? section(
					"Requests made on the loopback interface",
					Object.entries(trial).map(
						([way, uses]) => `${way}: ${uses.join(", ") || "not traced"}`,
					),
				)
			: "",
		section("Collector", [
			endpoint ? `${endpoint.url}: ${endpoint.answer}` : "none is configured",
		]),
		section(
			"Configuration in force",
			aligned(
				settings.map(({ variable, value, source }) => [
					variable,
					value || "-",
					source === "variable" ? "set" : source,
				]),
			),
		),
		problems.length === 0
			? "Nothing wrong was found.\n"
			: `${section(
					red(`${problems.length} wrong`),
					problems.map((problem) => `- ${problem}`),
				).trimEnd()}\n`,
	].join("");
}

function processLines({
	functions,
	undiciWatched,
}: ProcessExamination): string[] {
	const hooked = functions.filter(({ state }) => state === "hooked");
	const lines = [
		`hooked: ${hooked.map(({ name }) => name).join(", ") || "nothing"}`,
		`fetch and undici: ${undiciWatched ? "watched" : "not watched"}`,
	];
	const others = (title: string, owners: Map<string, string[]>): void => {
		for (const [by, names] of owners) {
			lines.push(`${title} ${by}: ${names.join(", ")}`);
		}
	};
	others("around the hooks of", byOwner(functions, "hooked"));
	others("wrapped by", byOwner(functions, "wrapped"));
	others("displaced by", byOwner(functions, "displaced"));
	others("also there is", byOwner(functions, "foreign"));
	return lines;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
	const widths = (rows[0] ?? []).map((_, column) =>
		Math.max(...rows.map((row) => row[column]?.length ?? 0)),
	);
	return rows.map((row) =>
		row
			.map((cell, column) => cell.padEnd(widths[column] ?? 0))
			.join("  ")
			.trimEnd(),
	);
}
