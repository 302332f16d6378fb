import { tracedHosts } from "./hosts";

/** The configuration of the agent, from the environment. */
export interface Configuration {
	/** OTEL_SDK_DISABLED: nothing is loaded and nothing is patched. */
	readonly disabled: boolean;
	/** OTEL_TRACES_EXPORTER other than `none`. */
	readonly exportsToCollector: boolean;
	/** CONNTRACE_FILE: where OTLP JSON lines are written as well. */
	readonly file: string | undefined;
	/** CONNTRACE_SUMMARY: the connections of the process are summed up on stderr when it ends. */
	readonly summary: boolean;
	/** CONNTRACE_FLUSH_TIMEOUT: how long the end of the process may wait for the export, in milliseconds. */
	readonly flushTimeout: number;
	/** OTEL_TRACES_SAMPLER and its argument, as the specification names them. */
	readonly sampler: { readonly name: SamplerName; readonly ratio: number };
	/** AWS_NODEJS_CONNECTION_REUSE_ENABLED, if it is set. */
	readonly reuseVariable: string | undefined;
	readonly tracesHost: (host: string) => boolean;
}

export const SAMPLER_NAMES = [
	"always_on",
	"always_off",
	"traceidratio",
	"parentbased_always_on",
	"parentbased_always_off",
	"parentbased_traceidratio",
] as const;

export type SamplerName = (typeof SAMPLER_NAMES)[number];

const DEFAULT_FLUSH_TIMEOUT = 500;
const DEFAULT_SAMPLER: SamplerName = "parentbased_always_on";

export interface ReadConfiguration {
	readonly configuration: Configuration;
	/** One line for each value that could not be read, with what was expected and what is used. */
	readonly warnings: readonly string[];
}

export function readConfiguration(env: NodeJS.ProcessEnv): ReadConfiguration {
	const warnings: string[] = [];

	/** Reads one variable; an empty value counts as unset, as OpenTelemetry has it. */
	function read<T>(
		name: string,
		fallback: T,
		expected: string,
		parse: (value: string) => T | undefined,
	): T {
		const value = env[name]?.trim();
		if (!value) return fallback;
		const parsed = parse(value);
		if (parsed !== undefined) return parsed;
		warnings.push(
			`${name}=${value}: expected ${expected}; using ${String(fallback)}`,
		);
		return fallback;
	}

	const configuration: Configuration = {
		disabled: read("OTEL_SDK_DISABLED", false, "true or false", parseBoolean),
		exportsToCollector: read(
			"OTEL_TRACES_EXPORTER",
			true,
			"otlp or none",
			(value) =>
				value === "otlp" ? true : value === "none" ? false : undefined,
		),
		file: env.CONNTRACE_FILE?.trim() || undefined,
		summary: read("CONNTRACE_SUMMARY", false, "0 or 1", (value) =>
			value === "1" ? true : value === "0" ? false : undefined,
		),
		flushTimeout: read(
			"CONNTRACE_FLUSH_TIMEOUT",
			DEFAULT_FLUSH_TIMEOUT,
			"milliseconds, a whole number from 0 to 60000",
			(value) => parseNumber(value, /^\d+$/, 60_000),
		),
		sampler: {
			name: read(
				"OTEL_TRACES_SAMPLER",
				DEFAULT_SAMPLER,
				`one of ${SAMPLER_NAMES.join(", ")}`,
				(value) => SAMPLER_NAMES.find((name) => name === value),
			),
			ratio: read(
				"OTEL_TRACES_SAMPLER_ARG",
				1,
				"a ratio from 0 to 1",
				(value) => parseNumber(value, /^\d*\.?\d+$/, 1),
			),
		},
		reuseVariable: env.AWS_NODEJS_CONNECTION_REUSE_ENABLED,
		tracesHost: tracedHosts(env.CONNTRACE_HOSTS, env.CONNTRACE_IGNORE_HOSTS),
	};
	return { configuration, warnings };
}

function parseBoolean(value: string): boolean | undefined {
	if (value.toLowerCase() === "true") return true;
	return value.toLowerCase() === "false" ? false : undefined;
}

function parseNumber(
	value: string,
	form: RegExp,
	max: number,
): number | undefined {
	if (!form.test(value)) return undefined;
	const number = Number(value);
	return number <= max ? number : undefined;
}
