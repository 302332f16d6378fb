// The stock instrumentation packages for connections, and those for the clients that use them.
const {
	AwsInstrumentation,
} = require("@opentelemetry/instrumentation-aws-sdk");
const { DnsInstrumentation } = require("@opentelemetry/instrumentation-dns");
const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
const { NetInstrumentation } = require("@opentelemetry/instrumentation-net");
const {
	UndiciInstrumentation,
} = require("@opentelemetry/instrumentation-undici");
const { setUp } = require("./opentelemetry.cjs");

setUp([
	new DnsInstrumentation(),
	new NetInstrumentation(),
	new HttpInstrumentation(),
	new AwsInstrumentation(),
	new UndiciInstrumentation(),
]);
