import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
	type CollectorSettings,
	PROTOCOLS,
} from "../export/collector-settings";
import { parseNumber, type Variables } from "./variables";

const DEFAULT_URL = "http://localhost:4318/v1/traces";
const PATH = "v1/traces";
const PREFIX = "OTEL_EXPORTER_OTLP_";

/** As the specification of the OTLP exporter has it, in milliseconds. */
const DEFAULT_TIMEOUT = 10_000;

/** As the specification of the batch processor has it. */
const DEFAULT_SCHEDULE_DELAY = 5000;
const DEFAULT_BATCH_SIZE = 512;
const DEFAULT_EXPORT_TIMEOUT = 30_000;

const MILLISECONDS = "milliseconds, a whole number from 1";
const COUNT = "a whole number from 1";
const AN_URL = "an http or https URL";

/**
 * Reads OTEL_EXPORTER_OTLP_* and OTEL_BSP_* as OpenTelemetry specifies them. Values that may hold a secret (headers,
 * user information in an address) are never repeated in a warning.
 */
export function readCollectorSettings(variables: Variables): CollectorSettings {
	const signal = (name: string): string =>
		variables.text(`${PREFIX}TRACES_${name}`) === undefined
			? `${PREFIX}${name}`
			: `${PREFIX}TRACES_${name}`;
	const positive = <T>(name: string, fallback: T, expected: string) =>
		variables.read<number | T>(name, fallback, expected, parsePositive);
	const file = (name: string): Buffer | undefined =>
		readFile(variables, signal(name));

	const maxSpans =
		positive("OTEL_BSP_MAX_QUEUE_SIZE", undefined, COUNT) ?? Infinity;
	const batchSize = positive(
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
		DEFAULT_BATCH_SIZE,
		COUNT,
	);
	return {
		url: readUrl(variables),
		protocol: variables.read<CollectorSettings["protocol"]>(
			signal("PROTOCOL"),
			"http/protobuf",
			PROTOCOLS.join(" or "),
			(value) => PROTOCOLS.find((protocol) => protocol === value),
		),
		headers: readHeaders(variables),
		timeout: Math.min(
			positive(signal("TIMEOUT"), DEFAULT_TIMEOUT, MILLISECONDS),
			positive("OTEL_BSP_EXPORT_TIMEOUT", DEFAULT_EXPORT_TIMEOUT, MILLISECONDS),
		),
		gzip:
			variables.read(signal("COMPRESSION"), "none", "gzip or none", (value) =>
				value === "gzip" || value === "none" ? value : undefined,
			) === "gzip",
		ca: file("CERTIFICATE"),
		cert: file("CLIENT_CERTIFICATE"),
		key: file("CLIENT_KEY"),
		scheduleDelay: positive(
			"OTEL_BSP_SCHEDULE_DELAY",
			DEFAULT_SCHEDULE_DELAY,
			MILLISECONDS,
		),
		maxSpans,
		batchSize: Math.min(batchSize, maxSpans),
	};
}

/** `conntrace run` shows what comes soon, and need not be spared. */
const RECEIVER_SCHEDULE_DELAY = 500;

/**
 * CONNTRACE_RECEIVER: where `conntrace run` takes the spans of its command, whatever else is configured; it sends them
 * on itself. Set by it for the processes that it starts.
 */
export function readReceiver(
	variables: Variables,
): CollectorSettings | undefined {
	const name = "CONNTRACE_RECEIVER";
	const value = variables.text(name);
	if (value === undefined) return undefined;
	const url = parseUrl(value)?.href;
	if (url === undefined) variables.warn(name, AN_URL, "none");
	return url === undefined
		? undefined
		: {
				url,
				protocol: "http/json",
				headers: {},
				timeout: DEFAULT_TIMEOUT,
				gzip: false,
				scheduleDelay: RECEIVER_SCHEDULE_DELAY,
				maxSpans: Infinity,
				batchSize: DEFAULT_BATCH_SIZE,
			};
}

/** The address for traces is used as it is, that for all signals is a base. */
function readUrl(variables: Variables): string {
	const own = `${PREFIX}TRACES_ENDPOINT`;
	const shared = `${PREFIX}ENDPOINT`;
	for (const name of [own, shared]) {
		const value = variables.text(name);
		if (value === undefined) continue;
		const url = parseUrl(value);
		if (url) {
			if (name === shared) {
				url.pathname = `${url.pathname.replace(/\/$/, "")}/${PATH}`;
			}
			return url.href;
		}
		variables.warn(name, AN_URL, DEFAULT_URL);
	}
	return DEFAULT_URL;
}

function parseUrl(value: string): URL | undefined {
	if (!URL.canParse(value)) return undefined;
	const url = new URL(value);
	const { protocol, username, password } = url;
	const readable = decode(username + password) !== undefined;
	return readable && /^https?:$/.test(protocol) ? url : undefined;
}

/** `key=value,key=value`, values percent-encoded where they need it; those for traces override those for all signals. */
function readHeaders(variables: Variables): Record<string, string> {
	const headers: Record<string, string> = {};
	for (const name of [`${PREFIX}HEADERS`, `${PREFIX}TRACES_HEADERS`]) {
		for (const pair of variables.text(name)?.split(",") ?? []) {
			if (pair.trim() === "") continue;
			const header = parseHeader(pair);
			if (header) headers[header[0]] = header[1];
			else variables.warn(name, "key=value pairs", "the others");
		}
	}
	return headers;
}

function parseHeader(pair: string): [name: string, value: string] | undefined {
	const [, name = "", encoded = ""] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
	const value = decode(encoded.trim());
	return /^[\w!#$%&'*+.^`|~-]+$/.test(name.trim()) &&
		value !== undefined &&
		/^[\t\x20-\x7e\x80-\xff]*$/.test(value)
		? [name.trim().toLowerCase(), value]
		: undefined;
}

function decode(text: string): string | undefined {
	try {
		return decodeURIComponent(text);
	} catch {
		return undefined;
	}
}

function readFile(variables: Variables, name: string): Buffer | undefined {
	const path = variables.text(name);
	if (path === undefined) return undefined;
	const contents = contentsOf(path);
	if (typeof contents !== "string") return contents;
	// Whoever takes it for the place of the key itself shall not find that in a log.
	variables.warn(name, `the path of a PEM file (${contents})`, "none");
	return undefined;
}

/** @returns why there is none, if there is none */
function contentsOf(path: string): Buffer | string {
	try {
		const contents = readFileSync(resolve(path));
		return contents.includes("-----BEGIN ")
			? contents
			: "there is nothing of that kind in it";
	} catch (error) {
		return (error as NodeJS.ErrnoException).code ?? "unreadable";
	}
}

function parsePositive(value: string): number | undefined {
	return parseNumber(value, /^0*[1-9]\d*$/, 2 ** 31 - 1);
}
