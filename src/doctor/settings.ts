import type { Configuration, ReadConfiguration } from "../agent/config";
import { shownUrl } from "../export/collector-settings";

/** A value in force and where it comes from. */
export interface SettingInForce {
	/** The variable that sets it or, by default, would. */
	readonly variable: string;
	/** As it may be shown; empty where nothing is set. */
	readonly value: string;
	/** `rejected`: the variable is set and cannot be read, so that the default is in force. */
	readonly source: "variable" | "default" | "rejected";
}

/** A part of the configuration: the variables that can set it, and what is in force, as it may be shown. */
interface Setting {
	/** The first that is set counts, unless it cannot be read. */
	readonly variables: readonly string[];
	/** Nothing where it does not apply. */
	readonly shown: (
		configuration: Configuration,
		env: NodeJS.ProcessEnv,
	) => unknown;
}

/** A variable of the OTLP exporter: that for traces comes before that for all signals. */
function exporter(name: string, shown: Setting["shown"]): Setting {
	return {
		variables: [
			`OTEL_EXPORTER_OTLP_TRACES_${name}`,
			`OTEL_EXPORTER_OTLP_${name}`,
		],
		shown,
	};
}

function one(variable: string, shown: Setting["shown"]): Setting {
	return { variables: [variable], shown };
}

/** Whether a value is there that may not be shown or is too long to show. */
function given(value: unknown): string | undefined {
	return value ? "given" : undefined;
}

/** Every variable that configures the agent. */
const SETTINGS: readonly Setting[] = [
	one("OTEL_SDK_DISABLED", ({ disabled }) => disabled),
	one("OTEL_TRACES_EXPORTER", ({ collector }) => (collector ? "otlp" : "none")),
	exporter("ENDPOINT", ({ collector }) => collector && shownUrl(collector)),
	exporter("PROTOCOL", ({ collector }) => collector?.protocol),
	// Their names alone.
	exporter("HEADERS", ({ collector }) =>
		Object.keys(collector?.headers ?? {}).join(", "),
	),
	exporter("TIMEOUT", ({ collector }) => collector?.timeout),
	exporter(
		"COMPRESSION",
		({ collector }) => collector && (collector.gzip ? "gzip" : "none"),
	),
	exporter("CERTIFICATE", ({ collector }) => given(collector?.ca)),
	exporter("CLIENT_CERTIFICATE", ({ collector }) => given(collector?.cert)),
	exporter("CLIENT_KEY", ({ collector }) => given(collector?.key)),
	one("OTEL_BSP_SCHEDULE_DELAY", ({ collector }) => collector?.scheduleDelay),
	one("OTEL_BSP_MAX_QUEUE_SIZE", ({ collector }) =>
		collector?.maxSpans === Number.POSITIVE_INFINITY
			? "a 32nd of the memory"
			: collector?.maxSpans,
	),
	one(
		"OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
		({ collector }) => collector?.batchSize,
	),
	one("OTEL_BSP_EXPORT_TIMEOUT", ({ collector }) => collector?.timeout),
	one(
		"OTEL_SERVICE_NAME",
		({ resourceAttributes }) => resourceAttributes["service.name"],
	),
	one("OTEL_RESOURCE_ATTRIBUTES", ({ resourceAttributes }) =>
		Object.keys(resourceAttributes)
			.filter((name) => name !== "service.name")
			.join(", "),
	),
	one("OTEL_TRACES_SAMPLER", ({ sampler }) => sampler.name),
	one("OTEL_TRACES_SAMPLER_ARG", ({ sampler }) => sampler.ratio),
	one("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", ({ valueLength }) => valueLength),
	one(
		"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
		({ valueLength }) => valueLength,
	),
	one("OTEL_LOG_LEVEL", ({ logLevel }) => logLevel),
	one("CONNTRACE_HOSTS", (_, env) => env.CONNTRACE_HOSTS),
	one("CONNTRACE_IGNORE_HOSTS", (_, env) => env.CONNTRACE_IGNORE_HOSTS),
	one("CONNTRACE_FILE", ({ file }) => file),
	one("CONNTRACE_REUSED_RATIO", ({ reusedRatio }) => reusedRatio),
	one("CONNTRACE_SLOW_MS", ({ slowAfter }) => slowAfter),
	one("CONNTRACE_SUMMARY", ({ summary }) => summary),
	one("CONNTRACE_DNS_TTL", ({ asksTimeToLive }) => asksTimeToLive),
	one("CONNTRACE_FLUSH_TIMEOUT", ({ flushTimeout }) => flushTimeout),
	one("CONNTRACE_LAMBDA_FLUSH", ({ lambdaFlush }) => lambdaFlush),
];

/** Set by commands of conntrace for processes that they start. */
const INTERNAL = /^CONNTRACE_(RECEIVER|DOCTOR_FILE|EXPERIMENT\w*|TEST_\w*)$/;

/** What is in force, and where each value comes from. */
export function settingsInForce(
	{ configuration, warnings }: ReadConfiguration,
	env: NodeJS.ProcessEnv,
): SettingInForce[] {
	return SETTINGS.map(({ variables, shown }) => {
		const set = variables.filter((name) => env[name]?.trim());
		const read = set.find((name) => !isRejected(name, warnings));
		const variable = read ?? set[0] ?? variables.at(-1) ?? "";
		return {
			variable,
			value: String(shown(configuration, env) ?? ""),
			source: read ? "variable" : set.length > 0 ? "rejected" : "default",
		};
	});
}

function isRejected(name: string, warnings: readonly string[]): boolean {
	return warnings.some((line) => new RegExp(`^${name}[=:]`).test(line));
}

/** Variables that look like ours and mean nothing. */
export function unknownVariables(env: NodeJS.ProcessEnv): string[] {
	const known = new Set(SETTINGS.flatMap(({ variables }) => variables));
	return Object.keys(env).filter(
		(name) =>
			name.startsWith("CONNTRACE_") && !known.has(name) && !INTERNAL.test(name),
	);
}
