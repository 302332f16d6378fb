import { withoutUser } from "../user-information";

/** In what form spans are sent, by the names that OpenTelemetry has for it. */
export const PROTOCOLS = ["http/protobuf", "http/json"] as const;

/** Where spans are sent and how, as OTEL_EXPORTER_OTLP_* and OTEL_BSP_* say. Plain data: a worker thread gets it too. */
export interface CollectorSettings {
	/** May hold user information. */
	readonly url: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly protocol: (typeof PROTOCOLS)[number];
	/** For one request, in milliseconds. */
	readonly timeout: number;
	readonly gzip: boolean;
	/** PEM: whom to trust. */
	readonly ca?: Uint8Array | undefined;
	/** PEM: what to prove oneself with. */
	readonly cert?: Uint8Array | undefined;
	readonly key?: Uint8Array | undefined;
	/** How long a span waits for others to be sent with, in milliseconds. */
	readonly scheduleDelay: number;
	/** Spans in memory; infinite if nothing was said, for their bytes are limited as well. */
	readonly maxSpans: number;
	/** Spans in one request. */
	readonly batchSize: number;
}

/** The address as it may be shown. */
export function shownUrl({ url }: Pick<CollectorSettings, "url">): string {
	return withoutUser(url).replace(/[?#].*$/s, "");
}
