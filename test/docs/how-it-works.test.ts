import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

/** The layers: those sections that have a graph of states. */
const layers = readFileSync("docs/how-it-works.md", "utf8")
	.split(/^## /m)
	.filter((section) => section.includes("stateDiagram-v2"))
	.map((section) => ({
		layer: section.split("\n")[0] ?? "",
		graph: /```mermaid\n(.*?)```/s.exec(section)?.[1] ?? "",
		rows: [...section.matchAll(/^\| `(\w+)` .*\| (.*) \|$/gm)].map(
			([, state = "", place = ""]) => ({ state, place }),
		),
	}));

/** The names on both sides of the arrows, but for beginning and end. */
function statesOf(graph: string): string[] {
	const states = [...graph.matchAll(/^\s*(\S+) --> (\w+|\[\*\])/gm)].flatMap(
		([, from = "", to = ""]) => [from, to],
	);
	return [...new Set(states)].filter((state) => state !== "[*]").sort();
}

describe.each(layers)("docs/how-it-works.md, $layer", ({ graph, rows }) => {
	it("tells of the states of its graph, each once", () => {
		expect(rows.map(({ state }) => state).sort()).toEqual(statesOf(graph));
	});

	it("names what is in the files that it names", () => {
		for (const { place } of rows) {
			for (const part of place.split(";")) {
				const [file = "", ...names] = [...part.matchAll(/`([^`]+)`/g)].map(
					([, name = ""]) => name,
				);
				expect(names).not.toEqual([]);
				for (const name of names)
					expect(readFileSync(file, "utf8"), file).toMatch(
						new RegExp(`\\b${name}\\b`),
					);
			}
		}
	});
});

it("has all layers", () => {
	expect(layers.map(({ layer }) => layer)).toEqual([
		"Name resolution",
		"Socket",
		"TLS handshake",
		"Pool of http.Agent",
		"Client of undici",
		"Session of HTTP/2",
		"Request",
		"Export",
	]);
});
