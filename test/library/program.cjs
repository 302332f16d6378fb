// A program's own OpenTelemetry with the library in it: what it exports goes to CONNTRACE_FILE, as the agent's own
// export would. TEST_CONFIG is what the library is given, TEST_INSTRUMENTATIONS names what else is in use.
const { appendFileSync } = require("node:fs");

/**
 * @param requireFrom loads the packages of the generation under test
 * @param register makes a provider with the span processor, and registers it
 */
module.exports = function start(requireFrom, register) {
	const { registerInstrumentations } = requireFrom(
		"@opentelemetry/instrumentation",
	);
	const { JsonTraceSerializer } = requireFrom(
		"@opentelemetry/otlp-transformer",
	);
	const { ConnectionInstrumentation } = requireFrom("./conntrace.js");
	const names = process.env.TEST_INSTRUMENTATIONS?.split(" ") ?? [];
	// Loaded before any of them is made, as the imports of a program are.
	const packages = names.map((name) =>
		requireFrom(`@opentelemetry/${packageOf(name)}`),
	);

	const exporter = {
		export(spans, done) {
			const line = JsonTraceSerializer.serializeRequest(spans);
			appendFileSync(process.env.CONNTRACE_FILE, `${Buffer.from(line)}\n`);
			done({ code: 0 });
		},
		shutdown: async () => {},
	};
	const config = JSON.parse(process.env.TEST_CONFIG ?? "{}");
	const instrumentation = new ConnectionInstrumentation(config);
	register(exporter);
	// What is registered is enabled.
	const own = config.enabled === false ? [] : [instrumentation];
	registerInstrumentations({
		instrumentations: [...own, ...packages.flatMap(made)],
	});

	globalThis.opentelemetry = requireFrom("@opentelemetry/api");
	globalThis.library = {
		instrumentation,
		ConnectionInstrumentation,
		require: requireFrom,
	};
};

function packageOf(name) {
	return name === "auto"
		? "auto-instrumentations-node"
		: `instrumentation-${name}`;
}

function made({ getNodeAutoInstrumentations, ...exported }) {
	if (getNodeAutoInstrumentations) return getNodeAutoInstrumentations();
	const [, Instrumentation] = Object.entries(exported).find(([key]) =>
		key.endsWith("Instrumentation"),
	);
	return new Instrumentation();
}
