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
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { VERSION } from "../version";
import type { AttributeList, Encoded } from "./attributes";
import { toHrTime } from "./clock";
import { SCOPE_NAME } from "./names";

export interface SpanContent {
	readonly name: string;
	readonly kind: SpanKind;
	/** Milliseconds of the monotonic clock. */
	readonly start: number;
	readonly end: number;
	readonly attributes: AttributeList;
	readonly links?: readonly Link[] | undefined;
	readonly error: boolean;
	/** A request on a reused connection like any other. */
	readonly plain?: boolean;
}

/** A link that many spans have. */
export class SharedLink implements Link {
	/** The link as it is exported. */
	encoded?: Encoded;

	constructor(
		readonly context: SpanContext,
		readonly attributes: Attributes,
	) {}
}

const SCOPE: InstrumentationScope = { name: SCOPE_NAME, version: VERSION };
const STATUS_UNSET: SpanStatus = { code: 0 };
const STATUS_ERROR: SpanStatus = { code: 2 };
const NO_LINKS: readonly Link[] = [];

/**
 * A span that is written once, when everything about it is known; the SDK's processors and exporters take it. What
 * they read in a form of their own is made when they ask.
 */
export class FinishedSpan implements ReadableSpan {
	constructor(
		readonly content: SpanContent,
		private readonly context: SpanContext,
		readonly parentSpanContext: SpanContext | undefined,
		readonly resource: Resource,
	) {}

	get name(): string {
		return this.content.name;
	}

	get kind(): SpanKind {
		return this.content.kind;
	}

	get startTime(): HrTime {
		return toHrTime(this.content.start);
	}

	get endTime(): HrTime {
		return toHrTime(this.content.end);
	}

	get duration(): HrTime {
		return difference(this.endTime, this.startTime);
	}

	get attributes(): Attributes {
		return this.content.attributes.toAttributes();
	}

	get links(): Link[] {
		return [...(this.content.links ?? NO_LINKS)];
	}

	get status(): SpanStatus {
		return this.content.error ? STATUS_ERROR : STATUS_UNSET;
	}

	get instrumentationScope(): InstrumentationScope {
		return SCOPE;
	}

	get events(): [] {
		return [];
	}

	get ended(): boolean {
		return true;
	}

	get droppedAttributesCount(): number {
		return 0;
	}

	get droppedEventsCount(): number {
		return 0;
	}

	get droppedLinksCount(): number {
		return 0;
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
