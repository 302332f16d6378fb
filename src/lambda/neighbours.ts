const OPENTELEMETRY = Symbol.for("opentelemetry.js.api.1");
const DATADOG = Symbol.for("dd-trace");

/** One line on who else traces the function, and what; nothing if nobody does. */
export function neighbours(env: NodeJS.ProcessEnv): string | undefined {
	const others = [
		...(hasOpenTelemetry() ? ["OpenTelemetry"] : []),
		...(hasDatadog(env) ? ["Datadog"] : []),
	];
	if (others.length === 0) return undefined;
	return (
		`${others.join(" and ")} traces this function as well: its spans go where it sends them, ` +
		"conntrace exports the invocation, connections and the requests on them by itself" +
		(hasOpenTelemetry()
			? ", under OpenTelemetry's span where one is active"
			: "")
	);
}

function hasOpenTelemetry(): boolean {
	const api = (globalThis as { [OPENTELEMETRY]?: { trace?: unknown } })[
		OPENTELEMETRY
	];
	return api?.trace !== undefined;
}

function hasDatadog(env: NodeJS.ProcessEnv): boolean {
	return (
		DATADOG in globalThis ||
		"_ddtrace" in globalThis ||
		/datadog/i.test(env._HANDLER ?? "")
	);
}
