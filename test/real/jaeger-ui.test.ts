import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { makeCertificate } from "../../src/experiment/certificate.js";
import { type DynamoDB, startDynamoDB } from "../../src/experiment/dynamodb.js";
import { CREDENTIALS, TABLE } from "../support/dynamodb.js";
import { runProgram } from "../support/run-program.js";
import {
	isReused,
	phasesOf,
	requestsOf,
	type Span,
	setupOf,
} from "../support/spans.js";
import { launch, picturesFolder } from "./browser.js";
import { type CollectingJaeger, startJaeger, untilStored } from "./jaeger.js";

const SERVICE = "put-event";

/** Puts by a client that keeps its connection, and by one that closes each. */
const KEPT = 6;
const CLOSED = 3;

const chromium = inject("chromium");
const binary = inject("jaeger");
const pages = inject("jaegerUi");

describe.skipIf(!chromium || !binary || !pages)("Jaeger's pages", () => {
	let jaeger: CollectingJaeger;
	let dynamodb: DynamoDB;
	let browser: Browser;
	let page: Page;
	let kept: readonly Span[];
	let closed: readonly Span[];

	beforeAll(async () => {
		if (!chromium || !binary || !pages) return;
		jaeger = await startJaeger(binary, pages);
		const certificate = await makeCertificate();
		const trusted = join(inject("temporaryDirectory"), "jaeger-ui.pem");
		await writeFile(trusted, certificate.cert);
		// A network that takes its time, or the phases would hardly be seen.
		dynamodb = await startDynamoDB({ certificate, table: TABLE, roundTrip: 3 });
		const put = async (client: string, count: number) => {
			const { exitCode, stderr, spans } = await runProgram(
				resolve("examples/handler.js"),
				{
					// The SDK warns of Node versions that it will leave behind.
					nodeOptions: ["--no-warnings"],
					environment: {
						AWS_ENDPOINT_URL_DYNAMODB: `https://localhost:${dynamodb.port}`,
						AWS_REGION: "eu-west-1",
						AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
						AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
						NODE_EXTRA_CA_CERTS: trusted,
						TABLE_NAME: TABLE,
						CLIENT: client,
						COUNT: String(count),
						INTERVAL_MS: "100",
						OTEL_SERVICE_NAME: SERVICE,
						OTEL_TRACES_EXPORTER: "otlp",
						OTEL_EXPORTER_OTLP_ENDPOINT: jaeger.collector,
						// The machine may be busy.
						CONNTRACE_FLUSH_TIMEOUT: "10000",
					},
				},
			);
			expect([stderr, exitCode]).toEqual(["", 0]);
			return spans;
		};
		kept = await put("shared", KEPT);
		closed = await put("keep-alive-off", CLOSED);
		await untilStored(jaeger, SERVICE, kept.length + closed.length);
		browser = await launch(chromium);
		const context = await browser.newContext({
			viewport: { width: 1200, height: 760 },
			locale: "en-US",
			timezoneId: "UTC",
			reducedMotion: "reduce",
		});
		page = await context.newPage();
		page.setDefaultTimeout(20_000);
	}, 120_000);

	afterAll(async () => {
		await browser?.close();
		await jaeger?.stop();
		await dynamodb?.close();
	});

	/** The last of the puts whose connections are closed: it is fresh for the reason that one looks for. */
	const fresh = (): Span => requestsOf(closed).at(-1) as Span;

	const openTrace = async ({ traceId }: Span): Promise<void> => {
		await page.goto(`${jaeger.address}/trace/${traceId}`);
		await rows().first().waitFor();
	};

	const rows = () => page.locator(".span-row");

	/** Opens the first span of the trace that is shown, with its tags. */
	const openSpan = async (): Promise<Locator> => {
		await rows().first().locator(".span-view").click();
		const detail = page.locator(".detail-row");
		await detail.getByText("Tags:").click();
		return detail;
	};

	/** The tags of a span that is open, by their names. */
	const tagsOf = async (detail: Locator): Promise<Map<string, string>> => {
		const rows = await detail.locator(".KeyValueTable--row").all();
		return new Map(
			await Promise.all(
				rows.map(async (row) => {
					const [key = "", value = ""] = await row
						.locator("td")
						.allInnerTexts();
					return [key.trim(), value.trim()] as const;
				}),
			),
		);
	};

	/** Chooses the service in the form that is shown, and searches. */
	const search = async (): Promise<void> => {
		await page.getByRole("combobox").first().click();
		await page.locator(`.ant-select-item-option[title=${SERVICE}]`).click();
		await page.getByRole("button", { name: "Find Traces" }).click();
	};

	/** @param last what the picture ends with; without it, the whole window */
	const takePicture = async (name: string, last?: Locator): Promise<void> => {
		const end = await last?.boundingBox();
		const picture = await page.screenshot({
			path: join(await picturesFolder(), name),
			...(end && {
				clip: { x: 0, y: 0, width: 1200, height: end.y + end.height + 8 },
			}),
		});
		expect(picture.length).toBeGreaterThan(10_000);
	};

	it("find the requests that paid for a connection by their tag", async () => {
		await page.goto(`${jaeger.address}/search`);
		await page
			.getByPlaceholder("http.status_code=200 error=true")
			.fill("conntrace.connection.reused=false");
		await search();
		await page.getByText(`${CLOSED + 1} Traces`).waitFor();
		const found = await page
			.locator(".ResultItemTitle--idExcerpt")
			.allInnerTexts();
		const paying = [...requestsOf(kept), ...requestsOf(closed)].filter(
			(span) => !isReused(span),
		);
		expect(found.toSorted()).toEqual(
			paying.map(({ traceId }) => traceId.slice(0, 7)).toSorted(),
		);
		// They move to their places.
		for (const dot of await page.locator(".recharts-dot").all())
			await dot.hover({ trial: true });
		await page.mouse.move(0, 0);
		await takePicture("jaeger-search.png");
		await page.getByText(fresh().traceId.slice(0, 7)).click();
		await page.waitForURL(`**/trace/${fresh().traceId}`);
	});

	it("show the phases of a fresh connection one after the other, on the critical path", async () => {
		await openTrace(fresh());
		const names = await rows().locator(".endpoint-name").allInnerTexts();
		const phases = phasesOf(closed, setupOf(closed, fresh()));
		expect(names).toEqual(["DynamoDB.PutItem", "connection.setup", ...phases]);
		expect(phases).toEqual(["dns.lookup", "tcp.connect", "tls.handshake"]);
		let previousEnd = 0;
		for (const phase of phases) {
			const row = rows().filter({ hasText: phase });
			const bar = await row.locator(".SpanBar--bar").boundingBox();
			const critical = await row
				.locator(".SpanBar--criticalPath")
				.boundingBox();
			if (!bar || !critical) throw new Error(`${phase} is not drawn`);
			expect(bar.x).toBeGreaterThanOrEqual(previousEnd - 1);
			previousEnd = bar.x + bar.width;
			// All of it, but for what the browser rounds.
			expect(Math.abs(critical.x - bar.x)).toBeLessThan(2);
			expect(Math.abs(critical.width - bar.width)).toBeLessThan(2);
		}
		await takePicture("jaeger-fresh.png", rows().last());
	});

	it("tell why the connection was fresh, with the evidence, before all other tags", async () => {
		await openTrace(fresh());
		const tags = await tagsOf(await openSpan());
		const { attributes } = fresh();
		for (const name of [
			"conntrace.connection.reason",
			"conntrace.connection.reason_detail",
		])
			expect(tags.get(name)).toBe(attributes[name]);
		expect(tags.get("conntrace.connection.reason")).toBe("keep_alive_disabled");
		const own = [...tags.keys()].map((name) => name.startsWith("conntrace."));
		expect(own).toEqual(own.toSorted().reverse());
		await takePicture("jaeger-reason.png");
	});

	it("lead from a reused request to the set-up of its connection", async () => {
		const [first, ...reused] = requestsOf(kept);
		await openTrace(reused.at(-1) as Span);
		const detail = await openSpan();
		await detail.getByText("References").click();
		await takePicture("jaeger-reused.png");
		const opened = page.context().waitForEvent("page");
		await detail.getByText("span in another trace").click();
		const target = await opened;
		await target.locator(".span-row").first().waitFor();
		const setup = setupOf(kept, first);
		const { pathname, searchParams } = new URL(target.url());
		expect(pathname).toBe(`/trace/${setup.traceId}`);
		expect(searchParams.get("uiFind")).toBe(setup.spanId);
		expect(
			await target.locator(".span-row.is-matching-filter").allInnerTexts(),
		).toEqual([expect.stringContaining("connection.setup")]);
		await target.close();
	});

	it("link a connection's id to the search for every request on it, which asks for the service before 2.19", async () => {
		await openTrace(requestsOf(kept).at(-1) as Span);
		const link = (await openSpan()).locator("a[href*='/search?']");
		expect(await link.count()).toBe(1);
		await page.goto(`${jaeger.address}${await link.getAttribute("href")}`);
		await page.getByText("parameter 'service' is required").first().waitFor();
		await search();
		await page.getByText(`${KEPT} Traces`).waitFor();
		const found = await page
			.locator(".ResultItemTitle--idExcerpt")
			.allInnerTexts();
		expect(found.toSorted()).toEqual(
			requestsOf(kept)
				.map(({ traceId }) => traceId.slice(0, 7))
				.toSorted(),
		);
	});

	it("compare a fresh trace with a reused one", async () => {
		const [, reused] = requestsOf(kept);
		await page.goto(`${jaeger.address}/search`);
		await search();
		for (const { traceId } of [fresh(), reused as Span])
			await page
				.locator(".ResultItemTitle", { hasText: traceId.slice(0, 7) })
				.getByRole("checkbox")
				.check();
		await page.getByText("Compare Traces").click();
		await page.waitForURL(`**/trace/${fresh().traceId}...${reused?.traceId}*`);
		const nodes = page.locator(".DiffNode--body");
		await nodes.first().waitFor();
		expect((await nodes.allInnerTexts()).join(" ")).toContain(
			"connection.setup",
		);
		await takePicture("jaeger-comparison.png");
	});
});
