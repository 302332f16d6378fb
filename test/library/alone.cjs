// What a program preloads that has its set-up elsewhere, such as in auto-instrumentations-node/register; run from beside
// the packages of a generation.
const { registerInstrumentations } = require("@opentelemetry/instrumentation");
const { ConnectionInstrumentation } = require("./conntrace.js");

registerInstrumentations({
	instrumentations: [new ConnectionInstrumentation()],
});
