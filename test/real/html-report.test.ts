import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Report } from "../../src/report/model.js";
import type { Span } from "../../src/report/span.js";
import { reportOf, runOf } from "../report/html/reports.js";
import { fresh, reused } from "../report/spans.js";
import { startDynamoDB } from "../support/dynamodb.js";
import {
	duration,
	type Span as ExportedSpan,
	requestsOf,
} from "../support/spans.js";
import {
	figuresOf,
	launch,
	type Opened,
	open,
	picturesFolder,
	rowsOf,
	section,
	textOf,
	writeHtml,
} from "./browser.js";
import {
	compare,
	experiment,
	PUTS,
	runHandler,
	type TracedRun,
} from "./traced-runs.js";

const executable = inject("chromium");

describe.skipIf(!executable)("the HTML report in a browser", () => {
	let browser: Browser;
	/** A client that keeps its connection, and one that closes each. */
	let keeping: TracedRun;
	let closing: TracedRun;
	let comparison: string;
	let story: string;

	beforeAll(async () => {
		if (!executable) return;
		browser = await launch(executable);
		const dynamodb = await startDynamoDB();
		keeping = await runHandler("shared", dynamodb.origin);
		closing = await runHandler("keep-alive-off", dynamodb.origin);
		await dynamodb.close();
		comparison = await compare(closing, keeping);
		story = await writeHtml(storyReport());
	}, 120_000);

	afterAll(() => browser?.close());

	/** Opens a report, looks at it, and makes sure that it did nothing it must not do. */
	async function look(
		file: string,
		action: (page: Page, opened: Opened) => Promise<void>,
		options?: Parameters<typeof open>[2],
	): Promise<void> {
		const opened = await open(browser, file, options);
		try {
			await action(opened.page, opened);
			expect(opened.misdeeds).toEqual([]);
		} finally {
			await opened.close();
		}
	}

	it("answers first, in numbers that are those of the spans", () =>
		look(keeping.html, async (page) => {
			const requests = requestsOf(keeping.spans);
			const [paying, riding] = partition(requests);
			const paid = sum(paying, "conntrace.connection.setup_ms");
			expect(await textOf(page.locator("h1"))).toBe(
				`${riding.length} of ${requests.length} requests reused a connection. ${paying.length} fresh connection cost ${ms(paid)}.`,
			);
			const figures = await figuresOf(page);
			expect(figures.requests).toBe(`${requests.length} none failed`);
			expect(figures["paid for set-up"]).toMatch(ms(paid));
			expect(figures["connections made"]).toBe("1 1 DNS lookup");
			expect(milliseconds(figures["p50 on reused"])).toBeCloseTo(
				median(riding.map(duration)),
				0,
			);
		}));

	it("lists every request with its numbers", () =>
		look(closing.html, async (page) => {
			const requests = requestsOf(closing.spans);
			const rows = await rowsOf(page, "Latency over time", "Requests");
			const next = section(page, "Latency over time").getByRole("button", {
				name: "Next",
			});
			await next.click();
			rows.push(...(await rowsOf(page, "Latency over time", "Requests")));
			expect(
				rows.map(([name, , latency, connection, setup, reason]) => [
					name,
					latency,
					connection,
					setup,
					reason,
				]),
			).toEqual(
				requests.map((span) => [
					"DynamoDB.PutItem",
					numberOfOne(duration(span)),
					"fresh connection",
					numberOfOne(span.attributes["conntrace.connection.setup_ms"]),
					span.attributes["conntrace.connection.reason"],
				]),
			);
		}));

	it("sums up reasons, phases and connections as the spans do", () =>
		look(closing.html, async (page) => {
			const requests = requestsOf(closing.spans);
			const reasons = await rowsOf(
				page,
				"Why connections were fresh",
				"Reasons by count and cost",
			);
			expect(reasons.map(([reason, count]) => [reason, count])).toEqual([
				["keep_alive_disabled", String(requests.length - 1)],
				["first_connection", "1"],
			]);
			const [all] = await rowsOf(
				page,
				"Where the time of fresh connections went",
				"Mean milliseconds of each phase",
			);
			const mean = (name: string) => sum(requests, name) / requests.length;
			expect(all?.slice(0, 6)).toEqual([
				"all fresh",
				String(requests.length),
				number(mean("conntrace.dns.lookup_ms")),
				number(mean("conntrace.tcp.connect_ms")),
				number(mean("conntrace.tls.handshake_ms")),
				number(mean("conntrace.ttfb_ms")),
			]);
		}));

	it("tells of each connection what it carried and how it ended", async () => {
		const file = await writeHtml(
			reportOf([
				runOf("run", [
					fresh({ connection: "p-1", duration: 30 }),
					reused({ connection: "p-1", at: 100 }),
					fresh({
						connection: "p-2",
						at: 9000,
						previous: "p-1",
						reason: "peer_closed_idle",
						reasonDetail: "idle 5012 ms, closed by the server",
					}),
					fresh({
						connection: "p-3",
						at: 9500,
						reason: "keep_alive_disabled",
					}),
				]),
			]),
		);
		await look(file, async (page) => {
			const rows = await rowsOf(page, "Connections over time", "Connections");
			expect(rows).toEqual([
				[
					"1",
					"a.example:443",
					"0.00",
					"–",
					"2",
					"–",
					"closed by the server: peer_closed_idle, idle 5012 ms, closed by the server",
				],
				["2", "a.example:443", "9.0", "–", "1", "–", "–"],
				[
					"3",
					"a.example:443",
					"9.5",
					"–",
					"1",
					"–",
					"closed by this program: keep_alive_disabled",
				],
			]);
		});
	});

	it("shows the phases of the request that is chosen by the keyboard, and gives the focus back", () =>
		look(keeping.html, async (page) => {
			const chart = page.getByRole("application");
			await chart.focus();
			await page.keyboard.press("ArrowRight");
			await page.keyboard.press("Enter");
			const details = page.getByRole("article", { name: "The chosen request" });
			const [first] = requestsOf(keeping.spans);
			const phases = await details.locator("tbody tr").allInnerTexts();
			expect(phases.map((row) => row.split(/\s*\t\s*/).slice(0, 2))).toEqual(
				[
					["DNS", "conntrace.dns.lookup_ms"],
					["TCP", "conntrace.tcp.connect_ms"],
					["TLS", "conntrace.tls.handshake_ms"],
					["first byte", "conntrace.ttfb_ms"],
				]
					.map(([label, name]) => [
						label,
						numberOfOne(first?.attributes[name ?? ""]),
					])
					.concat([["the rest", expect.any(String)]]),
			);
			const bars = await details
				.locator(".timeline .bar")
				.evaluateAll((found) =>
					found.map((bar) => bar.getBoundingClientRect().width),
				);
			const total = duration(first as ExportedSpan);
			const room = bars.reduce((sum, width) => sum + width, 0);
			expect((bars[0] ?? 0) / room).toBeCloseTo(
				Number(first?.attributes["conntrace.dns.lookup_ms"]) / total,
				1,
			);
			await details.getByRole("button", { name: "Close" }).press("Enter");
			expect(await details.count()).toBe(0);
			expect(await chart.evaluate((node) => node.matches(":focus"))).toBe(true);
		}));

	it("moves over the notable requests alone with Shift, and says what it is at", () =>
		look(keeping.html, async (page) => {
			await page.getByRole("application").focus();
			await page.keyboard.press("ArrowRight");
			await page.keyboard.press("ArrowRight");
			await page.keyboard.press("Shift+ArrowLeft");
			const said = section(page, "Latency over time").locator("p[aria-live]");
			expect(await textOf(said)).toContain("first_connection");
			await page.keyboard.press("End");
			expect(await textOf(said)).toContain("reused connection");
		}));

	it("opens the phases from a row of the table by Enter", () =>
		look(keeping.html, async (page) => {
			const part = section(page, "Latency over time");
			await part.getByText("Requests as a table").press("Enter");
			await part.getByRole("combobox", { name: "Show" }).selectOption("fresh");
			await part.locator("tbody button").first().press("Enter");
			expect(
				await textOf(page.getByRole("article", { name: "The chosen request" })),
			).toContain("first_connection");
		}));

	it("shows the facts under the pointer and the phases of what is clicked", () =>
		look(closing.html, async (page) => {
			const chart = page.getByRole("application");
			await chart.scrollIntoViewIfNeeded();
			await chart.focus();
			await page.keyboard.press("ArrowRight");
			const ring = await chart.locator(".ring").boundingBox();
			if (!ring) throw new Error("nothing is ringed");
			await page.keyboard.press("Escape");
			const [x, y] = [ring.x + ring.width / 2, ring.y + ring.height / 2];
			await page.mouse.move(x, y);
			expect(await textOf(chart.locator(".tip"))).toContain("DynamoDB.PutItem");
			await page.mouse.click(x, y);
			expect(await page.getByRole("article").count()).toBe(1);
			await page.mouse.move(1, 1);
			expect(await chart.locator(".tip").isVisible()).toBe(false);
		}));

	it("takes kinds of requests out of the drawing and back", () =>
		look(keeping.html, async (page) => {
			const canvas = page.getByRole("application").locator("canvas");
			const whole = await canvas.screenshot();
			const box = page.getByRole("checkbox", { name: /fresh connection/ });
			await box.uncheck();
			expect((await canvas.screenshot()).equals(whole)).toBe(false);
			await box.check();
			expect((await canvas.screenshot()).equals(whole)).toBe(true);
		}));

	it("puts before and after side by side and shows each in detail", () =>
		look(comparison, async (page) => {
			const [before, after] = ["keep-alive-off.jsonl", "shared.jsonl"];
			expect(await textOf(page.locator("h1"))).toBe(
				`Requests on a fresh connection: 100 % in ${before}, 2.5 % in ${after}.`,
			);
			const rows = await rowsOf(page, "Before and after", "Runs");
			expect(rows.map((cells) => cells.slice(0, 4))).toEqual([
				[before, String(PUTS), String(PUTS), "0 %"],
				[after, String(PUTS), "1", "97.5 %"],
			]);
			expect((await figuresOf(page))["reused a connection"]).toContain("0 %");
			await page.getByRole("button", { name: after }).press("Enter");
			expect((await figuresOf(page))["reused a connection"]).toContain(
				"97.5 %",
			);
		}));

	it("tells the story of an experiment, claim by claim", () =>
		look(story, async (page) => {
			expect(await textOf(page.locator("h1"))).toBe(
				"What a fresh connection costs",
			);
			expect(await page.locator(".claims li").allInnerTexts()).toEqual([
				"✓ Holds: every call is fresh\n\n2 of 2",
				"✗ Does not hold: probes keep connections\n\n0 of 2",
			]);
			expect(
				(
					await rowsOf(
						page,
						"The rate decides",
						"Fresh connections and latency by calls per second",
					)
				).map(([x, , share]) => [x, share]),
			).toEqual([
				["0.1", "100 %"],
				["1", "50 %"],
				["10", "0 %"],
			]);
			const name = "per call";
			await section(page, "What the client does")
				.getByRole("button", { name })
				.press("Enter");
			expect(
				await page.getByRole("button", { name, pressed: true }).count(),
			).toBe(1);
		}));

	it("shows the experiment as it was measured", async () => {
		const { html, report } = await experiment();
		const { runs, story } = report;
		await look(
			html,
			async (page) => {
				const claims =
					story?.chapters.flatMap((chapter) => chapter.claims) ?? [];
				expect(claims.length).toBeGreaterThan(10);
				expect(await page.locator(".claims li p").allInnerTexts()).toEqual(
					claims.map(({ measured }) => measured),
				);
				expect(
					await page
						.locator(".claims li strong", { hasText: "✓ Holds" })
						.count(),
				).toBe(claims.filter(({ holds }) => holds).length);
				const rows = await rowsOf(page, "The runs side by side", "Runs");
				expect(rows.map((cells) => cells.slice(0, 3))).toEqual(
					runs.map(({ name, overall }) => [
						name,
						String(overall.requests),
						String(overall.fresh),
					]),
				);
				await page
					.locator("section.panel", { has: page.locator(".figure") })
					.screenshot({
						path: join(await picturesFolder(), "experiment-rate.png"),
					});
			},
			PICTURE,
		);
	}, 120_000);

	it("runs no script that the data brings, and shows it as text", async () => {
		const file = await writeHtml(hostileReport());
		await look(file, async (page) => {
			expect(await textOf(page.locator("h1"))).toContain("reused a connection");
			for (const summary of await page.locator("summary").all())
				await summary.click();
			await page.getByRole("application").focus();
			await page.keyboard.press("ArrowRight");
			await page.keyboard.press("Enter");
			const body = await textOf(page.locator("body"));
			expect(body).toContain(MARKUP);
			expect(
				await page
					.locator("img, iframe, object, a[href^='javascript' i]")
					.count(),
			).toBe(0);
			expect(await page.evaluate("globalThis.pwned")).toBeUndefined();
		});
	});

	it("refuses what its policy forbids", async () => {
		const { page, misdeeds, close } = await open(browser, keeping.html);
		const attempt = (code: string) =>
			page.evaluate(`(() => {
				try { ${code} } catch (error) { return error.name; }
			})()`);
		expect(
			await attempt(
				`document.body.innerHTML = "<img src=x onerror='globalThis.pwned = 1'>"`,
			),
		).toBe("TypeError");
		expect(
			await attempt(
				`document.createElement("script").text = "globalThis.pwned = 1"`,
			),
		).toBe("TypeError");
		await attempt(`document.body.setAttribute("style", "color: red")`);
		await attempt(`void fetch("http://127.0.0.1:9/").catch(() => {})`);
		await expect
			.poll(() => misdeeds)
			.toEqual(
				expect.arrayContaining([
					expect.stringMatching(/Content Security Policy.*style-src/),
					expect.stringMatching(
						/Content Security Policy.*connect-src|connect-src.*Content Security Policy/,
					),
				]),
			);
		expect(await page.evaluate("globalThis.pwned")).toBeUndefined();
		await close();
	});

	it("follows the system's colours until the toggle is used", () =>
		look(
			keeping.html,
			async (page) => {
				const canvas = page.getByRole("application").locator("canvas");
				const background = () =>
					page.evaluate("getComputedStyle(document.body).backgroundColor");
				expect(await background()).toBe("rgb(18, 21, 24)");
				const dark = await canvas.screenshot();
				await page.getByRole("button", { name: "Dark" }).press("Enter");
				expect(await background()).toBe("rgb(247, 247, 245)");
				expect((await canvas.screenshot()).equals(dark)).toBe(false);
				await page.emulateMedia({ colorScheme: "light" });
				await page.getByRole("button", { name: "Dark" }).press("Enter");
				expect(await background()).toBe("rgb(18, 21, 24)");
			},
			{ colorScheme: "dark" },
		));

	it("prints in light colours, without controls", () =>
		look(
			keeping.html,
			async (page) => {
				await page.emulateMedia({ media: "print" });
				expect(
					await page.evaluate(
						"getComputedStyle(document.body).backgroundColor",
					),
				).toBe("rgb(255, 255, 255)");
				expect(
					await page
						.locator("button:visible, input:visible, select:visible")
						.count(),
				).toBe(0);
				expect(
					(await page.pdf({ format: "A4" })).subarray(0, 5).toString(),
				).toBe("%PDF-");
			},
			{ colorScheme: "dark" },
		));

	it.each([320, 390, 820])(
		"fits a screen %i pixels wide, with names that have no place to break",
		async (width) => {
			const name = "_of_a_very_long_name".repeat(8);
			const file = await writeHtml(
				reportOf(
					[
						runOf(`before${name}`, [fresh({ host: name })]),
						runOf(`after${name}`, [reused({ host: name })]),
					],
					{ title: name },
				),
			);
			await look(
				file,
				async (page) => {
					expect(
						await page.evaluate("document.documentElement.scrollWidth"),
					).toBeLessThanOrEqual(width);
				},
				{ viewport: { width, height: 800 }, isMobile: true, hasTouch: true },
			);
		},
	);

	it.each(["light", "dark"] as const)(
		"has no fault that axe finds, in %s colours",
		async (colorScheme) => {
			const axe = await readFile(
				createRequire(import.meta.url).resolve("axe-core/axe.min.js"),
				"utf8",
			);
			for (const file of [keeping.html, story]) {
				const { page, close } = await open(browser, file, {
					colorScheme,
					bypassCSP: true,
				});
				for (const summary of await page.locator("summary").all())
					await summary.click();
				await page.locator("tbody button").first().click();
				await page.evaluate(axe);
				const { violations } = await page.evaluate<AxeResults>("axe.run()");
				expect(
					violations.map(({ id, nodes }) => [
						id,
						nodes.map(({ target }) => target),
					]),
				).toEqual([]);
				await close();
			}
		},
		60_000,
	);

	it("stays usable with 100,000 requests and hides no notable one", async () => {
		const file = await writeHtml(reportOf([runOf("many", manySpans())]));
		await look(file, async (page) => {
			expect(await textOf(page.locator("h1"))).toBe(
				"99,000 of 100,000 requests reused a connection. 1,000 fresh connections cost 5,000 ms.",
			);
			const part = section(page, "Latency over time");
			await part.getByText("Requests as a table").click();
			const shown = part.getByRole("combobox", { name: "Show" });
			const pages = part.locator("[role=status]");
			await shown.selectOption("fresh");
			expect(await textOf(pages)).toBe("1 to 25 of 1,000");
			await shown.selectOption("failed");
			expect(await textOf(pages)).toBe("1 to 25 of 100");
			await shown.selectOption("all");
			await part
				.getByRole("combobox", { name: "in order of" })
				.selectOption("latency");
			expect(await textOf(part.locator("tbody tr").first())).toContain("5,000");
			await page.getByRole("application").focus();
			await page.keyboard.press("End");
			await page.keyboard.press("Enter");
			expect(await page.getByRole("article").count()).toBe(1);
		});
	}, 60_000);

	it("makes the pictures of the README", async () => {
		const folder = await picturesFolder();
		const parts = [
			["report.png", closing.html, "light", "Latency over time"],
			["report-dark.png", closing.html, "dark", "Latency over time"],
			["report-comparison.png", comparison, "light", "Before and after"],
		] as const;
		for (const [name, file, colorScheme, last] of parts) {
			await look(
				file,
				async (page) => {
					const end = await section(page, last).boundingBox();
					if (!end) throw new Error(`no section ${last}`);
					const picture = await page.screenshot({
						path: join(folder, name),
						fullPage: true,
						clip: { x: 0, y: 0, width: 1100, height: end.y + end.height + 16 },
					});
					expect(picture.length).toBeGreaterThan(10_000);
				},
				{ ...PICTURE, colorScheme },
			);
		}
	});
});

/** How the pictures of the README are taken. */
const PICTURE = { viewport: { width: 1100, height: 800 } };

function partition(
	requests: readonly ExportedSpan[],
): [fresh: ExportedSpan[], reused: ExportedSpan[]] {
	const isFresh = ({ attributes }: ExportedSpan) =>
		attributes["conntrace.connection.reused"] === false;
	return [requests.filter(isFresh), requests.filter((span) => !isFresh(span))];
}

function sum(spans: readonly ExportedSpan[], attribute: string): number {
	return spans.reduce(
		(total, { attributes }) => total + Number(attributes[attribute] ?? 0),
		0,
	);
}

function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN;
}

/** A number of milliseconds as the report writes it. */
function number(value: number): string {
	const digits = value < 1 ? 2 : value < 1000 ? 1 : 0;
	return value.toLocaleString("en", {
		minimumFractionDigits: digits,
		maximumFractionDigits: digits,
	});
}

/** The same of one request, whose times the report keeps to the microsecond. */
function numberOfOne(value: unknown): string {
	return number(Math.round(Number(value) * 1000) / 1000);
}

function ms(value: number): string {
	return `${number(value)} ms`;
}

function milliseconds(text: string | undefined): number {
	return Number.parseFloat(text ?? "");
}

const MARKUP =
	"<img src=x onerror='globalThis.pwned = 1'><script>globalThis.pwned = 2</script>";

/** Markup, controls and odd characters wherever the traced program or its server can put a text. */
function hostileReport(): Report {
	const texts = [
		MARKUP,
		`</script>${MARKUP}`,
		`<!--<script>${MARKUP}`,
		"\u202E\u0000\u001b[31m\u2028\u2029\ud800",
		"{b}{c}{a|rich}\n{@1}",
		"x".repeat(200_000),
	];
	const spans = texts.flatMap((text, index) => [
		fresh({
			at: index * 10,
			host: text,
			connection: text,
			reason: index === 0 ? "keep_alive_disabled" : text,
			reasonDetail: text,
			...(index > 0 && { previous: texts[index - 1] ?? "" }),
			more: {
				"error.type": text,
				"conntrace.connection.contributing": [text],
				"http.response.status_code": 500,
			},
		}),
		{
			...reused({ at: index * 10 + 5, host: text, connection: text }),
			name: text,
			service: text,
			process: text,
		},
	]);
	const run = runOf(texts.join(" "), spans);
	return reportOf(
		[
			{
				...run,
				sources: [
					{
						name: MARKUP,
						spans: 1,
						foreignSpans: 1,
						skipped: [{ count: 1, message: MARKUP }],
					},
				],
			},
		],
		{ title: MARKUP, jaeger: "javascript:globalThis.pwned=3//" },
	);
}

function storyReport(): Report {
	const runs = [
		runOf("shared client", [
			fresh({ connection: "p-1" }),
			reused({ at: 100, connection: "p-1" }),
		]),
		runOf("per call", [
			fresh({ connection: "p-1" }),
			fresh({ at: 100, connection: "p-2", reason: "different_agent" }),
		]),
	];
	const run = "shared client";
	return reportOf(runs, {
		kind: "experiment",
		story: {
			title: "What a fresh connection costs",
			introduction: "Two calls, in two ways.",
			conditions: [{ name: "calls", value: "2" }],
			chapters: [
				{
					title: "What the client does",
					text: "One client for all, or one for each call.",
					runs: runs.map(({ name }) => name),
					claims: [
						{ claim: "every call is fresh", holds: true, measured: "2 of 2" },
						{
							claim: "probes keep connections",
							holds: false,
							measured: "0 of 2",
						},
					],
				},
				{
					title: "The rate decides",
					text: "The server closes what is idle for a second.",
					runs: [],
					claims: [],
					sweep: {
						label: "calls per second",
						mark: { x: 1, label: "one call per idle limit" },
						points: [
							{ x: 0.1, run, freshRatio: 1, p50Ms: 25 },
							{ x: 1, run, freshRatio: 0.5, p50Ms: 13 },
							{ x: 10, run, freshRatio: 0, p50Ms: 2 },
						],
					},
				},
			],
		},
	});
}

/** 1 % fresh, 0.1 % failed, one very slow. */
function* manySpans(): Generator<Span> {
	for (let index = 0; index < 100_000; index += 1) {
		const connection = `p-${Math.floor(index / 100)}`;
		const at = index * 20;
		const duration = index === 55_555 ? 5000 : 2 + (index % 37) / 10;
		if (index % 100 === 0) {
			yield fresh({ at, duration: duration + 5, setup: 5, connection });
		} else {
			yield reused({
				at,
				duration,
				connection,
				more: index % 1000 === 1 ? { "error.type": "ECONNRESET" } : {},
			});
		}
	}
}
