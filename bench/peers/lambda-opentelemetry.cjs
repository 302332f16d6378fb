// What people set up by hand to see the same of a Lambda function: OpenTelemetry with its instrumentation of the
// handler, http, dns and net, and a batch to a collector that is flushed with each invocation.
const { register } = require("node:module");
const { pathToFileURL } = require("node:url");
const {
	AwsLambdaInstrumentation,
} = require("@opentelemetry/instrumentation-aws-lambda");
const { DnsInstrumentation } = require("@opentelemetry/instrumentation-dns");
const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
const { NetInstrumentation } = require("@opentelemetry/instrumentation-net");
const { setUp } = require("./opentelemetry.cjs");

// The runtime imports the handler, which only a hook of the module loader sees.
register("import-in-the-middle/hook.mjs", pathToFileURL(__filename));

setUp([
	new AwsLambdaInstrumentation(),
	new DnsInstrumentation(),
	new HttpInstrumentation(),
	new NetInstrumentation(),
]);
