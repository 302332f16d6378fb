import {
	defaultResource,
	type Resource,
	resourceFromAttributes,
} from "@opentelemetry/resources";

/** What the spans come from. */
export function createResource(
	attributes: Readonly<Record<string, string>>,
): Resource {
	return defaultResource().merge(resourceFromAttributes(attributes));
}
