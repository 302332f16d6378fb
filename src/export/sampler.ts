import {
	AlwaysOffSampler,
	AlwaysOnSampler,
	ParentBasedSampler,
	type Sampler,
	TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import type { Configuration } from "../agent/config";

/** The sampler that OTEL_TRACES_SAMPLER names. */
export function createSampler({
	name,
	ratio,
}: Configuration["sampler"]): Sampler {
	const root = rootSampler(name.replace("parentbased_", ""), ratio);
	return name.startsWith("parentbased_")
		? new ParentBasedSampler({ root })
		: root;
}

function rootSampler(name: string, ratio: number): Sampler {
	if (name === "always_off") return new AlwaysOffSampler();
	if (name === "traceidratio") return new TraceIdRatioBasedSampler(ratio);
	return new AlwaysOnSampler();
}
