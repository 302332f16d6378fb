import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { conntrace } from "../commands/conntrace.js";
import { byNames, HOSTILE, type Values } from "../hostile/programs.js";
import { runScenario } from "../support/scenario.js";
import { startServer } from "../support/server.js";
import { launch, open, textOf } from "./browser.js";

const executable = inject("chromium");

describe.skipIf(!executable)("the HTML report of hostile names", () => {
	it("runs no script of theirs in a browser", async () => {
		const server = await startServer({
			handler: (request, response) => {
				request.resume();
				response.end("ok");
			},
		});
		const values = {
			hostile: HOSTILE,
			length: 10_000,
			plain: server.origin,
			secure: "",
			ca: "",
		} satisfies Values;
		const { exported } = await runScenario({ port: 0 }, byNames, {
			values,
			environment: { OTEL_SERVICE_NAME: HOSTILE[2] ?? "" },
		});
		await server.close();
		const file = join(inject("temporaryDirectory"), randomUUID());
		await writeFile(`${file}.jsonl`, exported);
		const html = `${file}.html`;
		const { status } = await conntrace([
			"report",
			`${file}.jsonl`,
			"--html",
			html,
		]);
		expect(status).toBe(0);

		const browser = await launch(executable as string);
		const { page, misdeeds } = await open(browser, html);
		for (const summary of await page.locator("summary").all())
			await summary.click();
		expect(await textOf(page.locator("body"))).toContain("globalThis.pwned");
		expect(await page.evaluate("globalThis.pwned")).toBeUndefined();
		expect(await page.locator("img, iframe, object").count()).toBe(0);
		expect(misdeeds).toEqual([]);
		await browser.close();
	});
});
