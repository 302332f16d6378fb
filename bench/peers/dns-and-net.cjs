// The stock instrumentation packages that the agent builds on.
const { DnsInstrumentation } = require("@opentelemetry/instrumentation-dns");
const { NetInstrumentation } = require("@opentelemetry/instrumentation-net");
const { setUp } = require("./opentelemetry.cjs");

setUp([new DnsInstrumentation(), new NetInstrumentation()]);
