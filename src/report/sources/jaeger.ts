import { Failure } from "../../failure";
import { withoutUser } from "../../user-information";
import type { Source } from "../model";
import { OtlpError, parseJson, readTraces } from "../otlp";
import type { Span } from "../span";
import { unwrapped } from "./documents";
import { Tally } from "./tally";

export interface JaegerOptions {
	/** Names of services; all that there are if empty. */
	readonly services: readonly string[];
	/** How far back to look, in milliseconds. */
	readonly lookback: number;
	/** How many traces to read per service, the latest first. */
	readonly limit: number;
	readonly onSpan: (span: Span) => void;
	/** Called again and again with the share of the work that is done, from 0 to 1. */
	readonly onProgress?: (share: number) => void;
}

/** Traces that are asked for at once. */
const PAGE = 100;

/** Traces that begin within this are not told apart by asking for less time, in milliseconds. */
const SMALLEST_WINDOW = 1;

const ANSWER_TIMEOUT_MS = 60_000;

/** A larger answer is asked for in parts. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** What is shown of an answer that tells of an error. */
const MAX_ERROR_TEXT = 200;

/** Jaeger traces itself under this name. */
const JAEGER_ITSELF = "jaeger";

/**
 * Reads the spans that a Jaeger has, by its v3 HTTP API. That API has no pages: where it gives as many traces as were
 * asked for, the time is halved and both halves are asked for, the later one first.
 * @param address may hold a user and a password, which it is then asked with
 * @throws Failure when it does not answer or its answer cannot be read
 */
export async function readJaeger(
	address: string,
	{ services: wanted, lookback, limit, onSpan, onProgress }: JaegerOptions,
): Promise<Source> {
	const jaeger = new Jaeger(address);
	const tally = new Tally(jaeger.base, onSpan);
	const end = Date.now() + 1000;
	const services = await servicesOf(jaeger, wanted);
	for (const [index, service] of services.entries()) {
		const query = new ServiceQuery(jaeger, service, limit, tally);
		await query.read({ start: end - lookback, end }, (share) =>
			onProgress?.((index + share) / services.length),
		);
	}
	return tally.source;
}

/** Reads the names, which also shows that the address is that of a Jaeger. */
async function servicesOf(
	jaeger: Jaeger,
	wanted: readonly string[],
): Promise<readonly string[]> {
	const { base } = jaeger;
	const url = `${base}/api/v3/services`;
	const { status, text } = await jaeger.get(url);
	const known =
		status === 200 && text !== undefined ? namesIn(text) : undefined;
	if (!known) {
		throw new Failure(
			`${url}: expected the services of a Jaeger (v2, or v1 from 1.49 on), got HTTP status ${status}`,
		);
	}
	const missing = wanted.filter((service) => !known.includes(service));
	if (missing.length > 0) {
		throw new Failure(
			`${base} has no service ${missing.join(", ")}; it has ${known.join(", ") || "none"}`,
		);
	}
	return wanted.length > 0
		? wanted
		: known.filter((service) => service !== JAEGER_ITSELF);
}

function namesIn(text: string): string[] | undefined {
	try {
		const { services } = parseJson(text) as { services?: unknown };
		return Array.isArray(services)
			? services.filter((name) => typeof name === "string")
			: undefined;
	} catch (error) {
		if (error instanceof OtlpError) return undefined;
		throw error;
	}
}

/** Milliseconds since 1970. */
interface Window {
	readonly start: number;
	readonly end: number;
}

class ServiceQuery {
	/** Traces that reach over the border of two windows are found in both. */
	private readonly seen = new Set<string>();

	constructor(
		private readonly jaeger: Jaeger,
		private readonly service: string,
		private readonly limit: number,
		private readonly tally: Tally,
	) {}

	async read(
		whole: Window,
		onProgress: (share: number) => void,
	): Promise<void> {
		const windows = [whole];
		for (
			let window = windows.pop();
			window && this.seen.size < this.limit;
			window = windows.pop()
		) {
			const { start, end } = window;
			const depth = Math.min(PAGE, this.limit);
			const url = this.urlOf(window, depth);
			const spans = await this.fetch(url);
			const traces = new Set(spans?.map(({ traceId }) => traceId));
			const all = spans !== undefined && traces.size < depth;
			const divisible = end - start > SMALLEST_WINDOW;
			if (all || !divisible || (spans && depth === this.limit)) {
				this.take(spans ?? []);
				if (!all && depth < this.limit) {
					this.tally.skip("more traces than can be asked for at once", url);
				}
				onProgress((whole.end - start) / (whole.end - whole.start));
			} else {
				const middle = (start + end) / 2;
				windows.push({ start, end: middle }, { start: middle, end });
			}
		}
		onProgress(1);
	}

	/** Takes whole traces that were not taken yet, up to the limit. */
	private take(spans: readonly Span[]): void {
		const taken = new Set<string>();
		for (const { traceId } of spans) {
			if (this.seen.has(traceId) || this.seen.size >= this.limit) continue;
			this.seen.add(traceId);
			taken.add(traceId);
		}
		this.tally.add(spans.filter(({ traceId }) => taken.has(traceId)));
	}

	/** @returns nothing if there is more than can be read at once */
	private async fetch(url: string): Promise<Span[] | undefined> {
		const { status, text } = await this.jaeger.get(url);
		// No traces in this time.
		if (status === 404) return [];
		if (status !== 200) {
			throw new Failure(
				`${url}: expected HTTP status 200, got ${status} ${(text ?? "").slice(0, MAX_ERROR_TEXT)}`.trim(),
			);
		}
		if (text === undefined) return undefined;
		try {
			return readTraces(unwrapped(parseJson(text)));
		} catch (error) {
			if (!(error instanceof OtlpError)) throw error;
			throw new Failure(`${url}: ${error.message}`);
		}
	}

	/** Older releases call the parameters otherwise; each ignores what it does not know. */
	private urlOf({ start, end }: Window, depth: number): string {
		const query = new URLSearchParams();
		const set = (value: string, ...names: string[]): void => {
			for (const name of names) query.set(`query.${name}`, value);
		};
		set(this.service, "serviceName", "service_name");
		set(timestamp(start), "startTimeMin", "start_time_min");
		set(timestamp(end), "startTimeMax", "start_time_max");
		set(String(depth), "searchDepth", "search_depth", "num_traces");
		return `${this.jaeger.base}/api/v3/traces?${query}`;
	}
}

/** RFC 3339 with microseconds. */
function timestamp(milliseconds: number): string {
	const whole = Math.floor(milliseconds);
	const micros = Math.floor((milliseconds - whole) * 1000);
	return new Date(whole)
		.toISOString()
		.replace("Z", `${String(micros).padStart(3, "0")}Z`);
}

/** What a Jaeger answers to. */
class Jaeger {
	/** Its address without user information, which `fetch` does not take. */
	readonly base: string;
	private readonly headers: Record<string, string> = {};

	/** @throws Failure when it is no URL */
	constructor(address: string) {
		this.base = withoutUser(address).replace(/\/+$/, "");
		if (!URL.canParse(address)) {
			throw new Failure(`${this.base}: expected the URL of a Jaeger`);
		}
		const { username, password } = new URL(address);
		if (username === "" && password === "") return;
		const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
		this.headers.authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
	}

	/**
	 * @returns the text, unless there is more than can be held
	 * @throws Failure when there is no answer
	 */
	async get(
		url: string,
	): Promise<{ status: number; text: string | undefined }> {
		try {
			const response = await fetch(url, {
				headers: this.headers,
				signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
			});
			const chunks: Uint8Array[] = [];
			let size = 0;
			for await (const chunk of response.body ?? []) {
				size += chunk.length;
				if (size > MAX_ANSWER_BYTES) {
					return { status: response.status, text: undefined };
				}
				chunks.push(chunk);
			}
			return {
				status: response.status,
				text: Buffer.concat(chunks).toString("utf8"),
			};
		} catch (error) {
			const { message, cause } = error as Error;
			const { code } = (cause ?? {}) as NodeJS.ErrnoException;
			const why = code ?? (cause instanceof Error ? cause.message : message);
			throw new Failure(`${url} does not answer: ${why}`);
		}
	}
}
