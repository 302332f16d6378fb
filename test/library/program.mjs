// A program as an ES module that sets up the SDK for Node and exports by OTLP; run from beside the packages of a generation.
import { get } from "node:http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { ConnectionInstrumentation } from "./conntrace.js";

const sdk = new NodeSDK({
	traceExporter: new OTLPTraceExporter(),
	instrumentations: [new ConnectionInstrumentation()],
});
sdk.start();

await new Promise((resolve, reject) => {
	get(process.env.TEST_TARGET, (response) => {
		response.resume().on("end", resolve);
	}).on("error", reject);
});
await sdk.shutdown();
