import { once } from "node:events";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { Failure } from "../../../src/failure.js";
import { readJaeger } from "../../../src/report/sources/jaeger.js";
import type { Span } from "../../../src/report/span.js";
import { fresh } from "../spans.js";
import { otlpJson } from "./otlp-json.js";

/**
 * Answers in the form of Jaeger's v3 HTTP API, as its memory store does: the latest traces that have a span in the
 * time asked for, as many as were asked for. It stands in for a Jaeger; test/real asks one.
 */
class RecordedJaeger {
	readonly server: Server;
	queries = 0;

	constructor(
		private readonly traces: Readonly<Record<string, readonly Span[]>>,
	) {
		this.server = createServer((request, response) => {
			const url = new URL(request.url ?? "", "http://localhost");
			if (url.pathname === "/base/api/v3/services") {
				answer(response, 200, { services: Object.keys(traces) });
			} else if (url.pathname === "/base/api/v3/traces") {
				this.find(url.searchParams, response);
			} else {
				answer(response, 404, "404 page not found");
			}
		});
	}

	private find(query: URLSearchParams, response: ServerResponse): void {
		this.queries += 1;
		const [min, max] = ["query.startTimeMin", "query.startTimeMax"].map(
			(name) => nanoseconds(query.get(name) ?? ""),
		);
		const found = (this.traces[query.get("query.serviceName") ?? ""] ?? [])
			.filter(
				({ startTime }) =>
					min !== undefined &&
					max !== undefined &&
					startTime >= min &&
					startTime <= max,
			)
			.toSorted((a, b) => Number(b.startTime - a.startTime))
			.slice(0, Number(query.get("query.searchDepth")));
		if (found.length === 0) {
			answer(response, 404, {
				error: { httpCode: 404, message: "No traces found" },
			});
		} else answer(response, 200, { result: otlpJson(found) });
	}
}

function nanoseconds(timestamp: string): bigint {
	const [, seconds = "", fraction = ""] =
		/^(.*)\.(\d+)Z$/.exec(timestamp) ?? [];
	const whole = BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n;
	return whole + BigInt(fraction.padEnd(9, "0"));
}

function answer(response: ServerResponse, status: number, body: unknown): void {
	response.writeHead(status, { "content-type": "application/json" });
	response.end(typeof body === "string" ? body : JSON.stringify(body));
}

const servers: Server[] = [];

afterEach(() => {
	for (const server of servers.splice(0)) {
		server.close();
		server.closeAllConnections();
	}
});

async function listen(server: Server): Promise<string> {
	servers.push(server);
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`;
}

/** Traces of one span each, some milliseconds ago. */
function traces(ages: Iterable<number>): Span[] {
	const now = BigInt(Date.now()) * 1_000_000n;
	return Array.from(ages, (age, index) => {
		const startTime = now - BigInt(Math.round(age * 1e6));
		return {
			...fresh(),
			traceId: (index + 1).toString(16).padStart(32, "0"),
			startTime,
			endTime: startTime + 1000n,
		};
	});
}

async function read(
	base: string,
	options: { services?: string[]; limit?: number } = {},
) {
	const spans: Span[] = [];
	const progress: number[] = [];
	const source = await readJaeger(base, {
		services: [],
		lookback: 3_600_000,
		limit: 10_000,
		onSpan: (span) => spans.push(span),
		onProgress: (share) => progress.push(share),
		...options,
	});
	return { source, spans, progress };
}

const HOUR = 3_600_000;

it("reads every trace of the time once, however they are spread, the latest first", async () => {
	const even = Array.from({ length: 730 }, (_, index) => (index * HOUR) / 731);
	const crowded = Array.from({ length: 350 }, (_, index) => 5000 + index / 3);
	const jaeger = new RecordedJaeger({
		shop: traces([...even, ...crowded]),
		till: traces([1, 2, 3]),
		jaeger: traces([1]),
	});
	const base = await listen(jaeger.server);
	const { source, spans, progress } = await read(`${base}/`);
	expect(spans).toHaveLength(730 + 350 + 3);
	expect(source).toMatchObject({ name: base, spans: 1083, skipped: [] });
	const shop = spans.slice(0, 1080);
	expect(new Set(shop.map(({ traceId }) => traceId)).size).toBe(1080);
	expect(jaeger.queries).toBeLessThan(100);
	expect(progress.at(-1)).toBe(1);
	expect(progress).toEqual(progress.toSorted((a, b) => a - b));
});

it("reads as many as it is told to, the latest ones, of the services it is told to", async () => {
	const ages = Array.from({ length: 500 }, (_, index) => 100 + index * 1000);
	const jaeger = new RecordedJaeger({ shop: traces(ages), till: traces([1]) });
	const base = await listen(jaeger.server);
	for (const limit of [3, 100, 250]) {
		const { spans } = await read(base, { services: ["shop"], limit });
		expect(spans, String(limit)).toHaveLength(limit);
		const latest = new Set(
			spans.map(({ traceId }) => Number.parseInt(traceId, 16)),
		);
		expect(Math.max(...latest)).toBe(limit);
	}
});

it("says that traces may be missing where more begin together than it can ask for", async () => {
	const jaeger = new RecordedJaeger({
		shop: traces(Array.from({ length: 150 }, () => 5000)),
	});
	const { source } = await read(await listen(jaeger.server));
	expect(source.spans).toBe(100);
	expect(source.skipped[0]?.message).toMatch(
		/^http:.*api\/v3\/traces\?.*: more traces than can be asked for at once$/,
	);
});

it("names a service that is not there and those that are", async () => {
	const jaeger = new RecordedJaeger({ shop: [], till: [] });
	await expect(
		read(await listen(jaeger.server), { services: ["shed"] }),
	).rejects.toThrow("has no service shed; it has shop, till");
});

it.each([
	["something else", "<html>", 200, "expected the services of a Jaeger"],
	["an old Jaeger", "404 page not found", 404, "got HTTP status 404"],
	["a failing one", "no", 500, "got HTTP status 500"],
])(
	"says what it met in place of a Jaeger: %s",
	async (_, body, status, message) => {
		const base = await listen(
			createServer((_, response) => answer(response, status, body)),
		);
		const reading = read(base);
		await expect(reading).rejects.toThrow(Failure);
		await expect(reading).rejects.toThrow(`${base}/api/v3/services: `);
		await expect(reading).rejects.toThrow(message);
	},
);

it("says what is wrong with an answer", async () => {
	const base = await listen(
		createServer((request, response) =>
			request.url?.includes("services")
				? answer(response, 200, { services: ["shop"] })
				: answer(response, 200, { result: { resourceSpans: 1 } }),
		),
	);
	await expect(read(base)).rejects.toThrow(
		/\/api\/v3\/traces\?.*: resourceSpans: expected an array, got 1/,
	);
});

it("says that nobody answers", async () => {
	await expect(read("http://127.0.0.1:1")).rejects.toThrow(
		"http://127.0.0.1:1/api/v3/services does not answer: ",
	);
});
