import type { Resource } from "@opentelemetry/resources";
import type { CollectorSettings } from "./collector-settings";
import type { Encoding } from "./encoding";
import { otlpJson } from "./otlp-json";
import { otlpProtobuf } from "./otlp-protobuf";

/** The encoding that a protocol stands for. */
export function encodingOf(
	protocol: CollectorSettings["protocol"],
	resource: Resource,
): Encoding {
	return protocol === "http/json" ? otlpJson(resource) : otlpProtobuf(resource);
}
