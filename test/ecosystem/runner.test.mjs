// A test of a program, for the runners of tests: gets a path twice.
import { get } from "node:http";

const { test } = process.env.VITEST
	? await import("vitest")
	: await import("node:test");

function ask(path) {
	return new Promise((resolve, reject) => {
		get(process.env.TEST_TARGET + path, (response) => {
			response.resume().on("end", () => setImmediate(resolve));
		}).on("error", reject);
	});
}

test("asks twice", async () => {
	await ask("/first");
	await ask("/second");
});
