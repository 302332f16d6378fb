import {
	defaultResource,
	detectResources,
	envDetector,
	type Resource,
} from "@opentelemetry/resources";

/** What the spans come from: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES, else OpenTelemetry's defaults. */
export function createResource(): Resource {
	return defaultResource().merge(detectResources({ detectors: [envDetector] }));
}
