import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
	type Browser,
	type BrowserContextOptions,
	chromium,
	type Locator,
	type Page,
} from "playwright-core";
import { expect, inject } from "vitest";
import { renderHtml } from "../../src/report/html/render.js";
import type { Report } from "../../src/report/model.js";

export function launch(executablePath: string): Promise<Browser> {
	return chromium.launch({
		executablePath,
		// The sandbox does not work for root, which is what continuous integration often is.
		args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
	});
}

/** A report in a tab, and everything that it must not do. */
export interface Opened {
	readonly page: Page;
	/** Errors and warnings in the console, exceptions, dialogs, requests other than for the file itself. */
	readonly misdeeds: string[];
	close(): Promise<void>;
}

export async function open(
	browser: Browser,
	file: string,
	options: BrowserContextOptions = {},
): Promise<Opened> {
	const context = await browser.newContext({
		viewport: { width: 1200, height: 900 },
		locale: "en-US",
		timezoneId: "UTC",
		reducedMotion: "reduce",
		...options,
	});
	const page = await context.newPage();
	const misdeeds: string[] = [];
	const { href } = pathToFileURL(file);
	page.on("console", (message) => {
		if (message.type() !== "log") misdeeds.push(message.text());
	});
	page.on("pageerror", ({ message }) => misdeeds.push(message));
	page.on("dialog", (dialog) => {
		misdeeds.push(`dialog: ${dialog.message()}`);
		void dialog.dismiss();
	});
	page.on("request", (request) => {
		if (request.url() !== href && !request.url().startsWith("data:")) {
			misdeeds.push(`request: ${request.url()}`);
		}
	});
	await page.goto(href);
	return { page, misdeeds, close: () => context.close() };
}

let files = 0;

/** @returns path of the report as a file */
export async function writeHtml(report: Report): Promise<string> {
	const template = await readFile("dist/report.html", "utf8");
	files += 1;
	const file = join(inject("temporaryDirectory"), `report-${files}.html`);
	await writeFile(file, renderHtml(report, template));
	return file;
}

/** The text of an element as it is seen. */
export async function textOf(locator: Locator): Promise<string> {
	return (await locator.allInnerTexts()).join("\n");
}

/** The key figures by their names. */
export async function figuresOf(page: Page): Promise<Record<string, string>> {
	const figures = await page.locator(".figures > div").all();
	const entries = await Promise.all(
		figures.map(async (figure) => [
			await textOf(figure.locator("dt")),
			(await textOf(figure.locator("dd"))).replaceAll("\n", " "),
		]),
	);
	return Object.fromEntries(entries);
}

export function section(page: Page, title: string) {
	return page.getByRole("region", { name: title, exact: true });
}

/** The texts of a table's rows, cell by cell; opens what the table is folded into. */
export async function rowsOf(
	page: Page,
	title: string,
	caption: string,
): Promise<string[][]> {
	const part = section(page, title);
	for (const folded of await part.locator("details:not([open])").all()) {
		await folded.locator("summary").click();
	}
	const rows = await part
		.getByRole("table", { name: caption })
		.locator("tbody tr")
		.all();
	expect(rows.length).toBeGreaterThan(0);
	return Promise.all(
		rows.map(async (row) =>
			(await row.locator("th, td").allInnerTexts()).map((text) => text.trim()),
		),
	);
}

/** The folder for the pictures of the documentation, which is made: CONNTRACE_IMAGES, or one that is removed. */
export async function picturesFolder(): Promise<string> {
	const folder = process.env.CONNTRACE_IMAGES ?? inject("temporaryDirectory");
	await mkdir(folder, { recursive: true });
	return folder;
}
