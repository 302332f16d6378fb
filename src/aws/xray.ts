import type { SpanContext } from "@opentelemetry/api";

/**
 * The caller's span as an X-Ray trace header names it: `Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=1`.
 * @returns nothing if the header names no span
 */
export function readTraceHeader(
	header: string | undefined,
): SpanContext | undefined {
	const root = /\bRoot=1-([0-9a-f]{8})-([0-9a-f]{24})\b/.exec(header ?? "");
	const parent = /\bParent=([0-9a-f]{16})\b/.exec(header ?? "");
	if (!root || !parent?.[1]) return undefined;
	return {
		traceId: `${root[1]}${root[2]}`,
		spanId: parent[1],
		traceFlags: /\bSampled=1\b/.test(header ?? "") ? 1 : 0,
		isRemote: true,
	};
}
