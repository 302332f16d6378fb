import type { CollectorSettings } from "../export/collector-settings";
import { DEFAULT_VALUE_LENGTH } from "../spans/attributes";
import { readCollectorSettings, readReceiver } from "./collector-variables";
import { tracedHosts } from "./hosts";
import { LOG_LEVELS, type LogLevel } from "./log";
import { readResourceAttributes } from "./resource-variables";
import { parseNumber, Variables } from "./variables";

/** What is traced, and how much of it is kept. */
export interface Tracing {
	/** CONNTRACE_DNS_TTL: the time to live of names that are looked up is asked of their name server. */
	readonly asksTimeToLive: boolean;
	/** CONNTRACE_REUSED_RATIO: the share of plain requests on reused connections that is kept. */
	readonly reusedRatio: number;
	/** CONNTRACE_SLOW_MS: a request that takes longer is always kept, in milliseconds. */
	readonly slowAfter: number | undefined;
	/** AWS_NODEJS_CONNECTION_REUSE_ENABLED, if it is set. */
	readonly reuseVariable: string | undefined;
	/** CONNTRACE_HOSTS and CONNTRACE_IGNORE_HOSTS. */
	readonly tracesHost: (host: string) => boolean;
}

/** The configuration of the agent, from the environment. */
export interface Configuration extends Tracing {
	/** OTEL_SDK_DISABLED: nothing is loaded and nothing is patched. */
	readonly disabled: boolean;
	/** OTEL_LOG_LEVEL: which lines are said on stderr. */
	readonly logLevel: LogLevel;
	/** Where spans are sent; nowhere if OTEL_TRACES_EXPORTER is `none`, unless `conntrace run` receives them. */
	readonly collector: CollectorSettings | undefined;
	/** CONNTRACE_FILE: where OTLP JSON lines are written as well. */
	readonly file: string | undefined;
	/** CONNTRACE_SUMMARY: the connections of the process are summed up on stderr when it ends. */
	readonly summary: boolean;
	/** CONNTRACE_FLUSH_TIMEOUT: how long the end of the process may wait for the export, in milliseconds. */
	readonly flushTimeout: number;
	/** CONNTRACE_LAMBDA_FLUSH: whether spans of an invocation are exported after or before its response. */
	readonly lambdaFlush: LambdaFlush;
	/** OTEL_TRACES_SAMPLER and its argument, as the specification names them. */
	readonly sampler: { readonly name: SamplerName; readonly ratio: number };
	/** OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES. */
	readonly resourceAttributes: Readonly<Record<string, string>>;
	/** OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT, or that for spans: texts in attributes are cut to it. */
	readonly valueLength: number;
}

const LAMBDA_FLUSHES = ["after", "before"] as const;

export type LambdaFlush = (typeof LAMBDA_FLUSHES)[number];

export const SAMPLER_NAMES = [
	"always_on",
	"always_off",
	"traceidratio",
	"parentbased_always_on",
	"parentbased_always_off",
	"parentbased_traceidratio",
] as const;

export type SamplerName = (typeof SAMPLER_NAMES)[number];

const VALUE_LENGTH = "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT";
const SPAN_VALUE_LENGTH = "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT";
const DEFAULT_FLUSH_TIMEOUT = 500;
const RATIO = "a ratio from 0 to 1";
const DEFAULT_LOG_LEVEL: LogLevel = "warn";
const DEFAULT_SAMPLER: SamplerName = "parentbased_always_on";

export interface ReadConfiguration {
	readonly configuration: Configuration;
	/** One line for each value that could not be read, with what was expected and what is used. */
	readonly warnings: readonly string[];
}

export function readConfiguration(env: NodeJS.ProcessEnv): ReadConfiguration {
	const variables = new Variables(env);
	const { read } = variables;
	const exporter = read(
		"OTEL_TRACES_EXPORTER",
		"otlp",
		"otlp or none",
		oneOf("otlp", "none"),
	);
	const configuration: Configuration = {
		...readTracing(variables),
		disabled: read("OTEL_SDK_DISABLED", false, "true or false", parseBoolean),
		logLevel: read(
			"OTEL_LOG_LEVEL",
			DEFAULT_LOG_LEVEL,
			`one of ${LOG_LEVELS.join(", ")}`,
			(value) => LOG_LEVELS.find((level) => level === value.toLowerCase()),
		),
		collector:
			readReceiver(variables) ??
			(exporter === "otlp" ? readCollectorSettings(variables) : undefined),
		file: env.CONNTRACE_FILE?.trim() || undefined,
		summary: readSwitch(variables, "CONNTRACE_SUMMARY"),
		flushTimeout: read(
			"CONNTRACE_FLUSH_TIMEOUT",
			DEFAULT_FLUSH_TIMEOUT,
			"milliseconds, a whole number from 0 to 60000",
			(value) => parseNumber(value, /^\d+$/, 60_000),
		),
		lambdaFlush: read(
			"CONNTRACE_LAMBDA_FLUSH",
			"after",
			LAMBDA_FLUSHES.join(" or "),
			oneOf(...LAMBDA_FLUSHES),
		),
		sampler: {
			name: read(
				"OTEL_TRACES_SAMPLER",
				DEFAULT_SAMPLER,
				`one of ${SAMPLER_NAMES.join(", ")}`,
				oneOf(...SAMPLER_NAMES),
			),
			ratio: read("OTEL_TRACES_SAMPLER_ARG", 1, RATIO, parseRatio),
		},
		resourceAttributes: readResourceAttributes(variables),
		valueLength: read(
			variables.text(SPAN_VALUE_LENGTH) === undefined
				? VALUE_LENGTH
				: SPAN_VALUE_LENGTH,
			DEFAULT_VALUE_LENGTH,
			"characters, a whole number from 1",
			(value) => parseNumber(value, /^0*[1-9]\d*$/, Number.MAX_SAFE_INTEGER),
		),
	};
	return { configuration, warnings: variables.warnings };
}

export function readTracing(variables: Variables): Tracing {
	const { read, text } = variables;
	return {
		asksTimeToLive: readSwitch(variables, "CONNTRACE_DNS_TTL"),
		reusedRatio: read("CONNTRACE_REUSED_RATIO", 1, RATIO, parseRatio),
		slowAfter: read<number | undefined>(
			"CONNTRACE_SLOW_MS",
			undefined,
			"milliseconds, a number from 0",
			(value) => parseNumber(value, /^\d*\.?\d+$/, Infinity),
		),
		reuseVariable: text("AWS_NODEJS_CONNECTION_REUSE_ENABLED"),
		tracesHost: tracedHosts(
			text("CONNTRACE_HOSTS"),
			text("CONNTRACE_IGNORE_HOSTS"),
		),
	};
}

function parseBoolean(value: string): boolean | undefined {
	if (value.toLowerCase() === "true") return true;
	return value.toLowerCase() === "false" ? false : undefined;
}

function readSwitch({ read }: Variables, name: string): boolean {
	return read(name, "0", "0 or 1", oneOf("0", "1")) === "1";
}

function oneOf<Value extends string>(
	...values: readonly Value[]
): (text: string) => Value | undefined {
	return (text) => values.find((value) => value === text);
}

function parseRatio(value: string): number | undefined {
	return parseNumber(value, /^\d*\.?\d+$/, 1);
}
