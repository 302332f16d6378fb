import type {
	Attributes,
	HrTime,
	Link,
	SpanContext,
	SpanKind,
	SpanStatus,
} from "@opentelemetry/api";
import type { InstrumentationScope } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-node";
import { VERSION } from "../version";
import { toHrTime } from "./clock";
import { SCOPE_NAME } from "./names";

export interface SpanContent {
	readonly name: string;
	readonly kind: SpanKind;
	/** Milliseconds of the monotonic clock. */
	readonly start: number;
	readonly end: number;
	readonly attributes: Attributes;
	readonly links?: Link[];
	readonly error: boolean;
}

const SCOPE: InstrumentationScope = { name: SCOPE_NAME, version: VERSION };
const STATUS_UNSET: SpanStatus = { code: 0 };
const STATUS_ERROR: SpanStatus = { code: 2 };

/** A span that is written once, when everything about it is known; the SDK's processors and exporters take it. */
export class FinishedSpan implements ReadableSpan {
	readonly name: string;
	readonly kind: SpanKind;
	readonly startTime: HrTime;
	readonly endTime: HrTime;
	readonly duration: HrTime;
	readonly attributes: Attributes;
	readonly links: Link[];
	readonly status: SpanStatus;
	readonly instrumentationScope = SCOPE;
	readonly events = [];
	readonly ended = true;
	readonly droppedAttributesCount = 0;
	readonly droppedEventsCount = 0;
	readonly droppedLinksCount = 0;

	constructor(
		content: SpanContent,
		private readonly context: SpanContext,
		readonly parentSpanContext: SpanContext | undefined,
		readonly resource: Resource,
	) {
		this.name = content.name;
		this.kind = content.kind;
		this.startTime = toHrTime(content.start);
		this.endTime = toHrTime(content.end);
		this.duration = difference(this.endTime, this.startTime);
		this.attributes = content.attributes;
		this.links = content.links ?? [];
		this.status = content.error ? STATUS_ERROR : STATUS_UNSET;
	}

	spanContext(): SpanContext {
		return this.context;
	}
}

function difference(end: HrTime, start: HrTime): HrTime {
	const nanoseconds = end[1] - start[1];
	return nanoseconds < 0
		? [end[0] - start[0] - 1, nanoseconds + 1_000_000_000]
		: [end[0] - start[0], nanoseconds];
}
