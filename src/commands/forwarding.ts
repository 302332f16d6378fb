import { readCollectorSettings } from "../agent/collector-variables";
import { Variables } from "../agent/variables";
import { type CollectorSettings, shownUrl } from "../export/collector-settings";
import { JSON_FORMAT } from "../export/otlp-json";
import { OtlpTransport } from "../export/otlp-transport";
import { count } from "../report/table";

/** How Jaeger listens when nobody says otherwise. */
const JAEGER_PORTS = { otlp: 4318, pages: 16686 };
const PROBE_TIMEOUT_MS = 1000;

/** What may wait for a destination that does not keep up. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** How long the end of a command may wait for the destination. */
const FINISH_TIMEOUT_MS = 5000;

/** Where spans go besides the command's own receiver. */
export interface Destination {
	readonly settings: CollectorSettings;
	/** The address of Jaeger's pages, if it answers there. */
	readonly jaeger?: string;
}

/**
 * The OTLP endpoint that the environment names, else a Jaeger on this machine, if one answers.
 * @param warn gets a line for each variable that could not be read
 */
export async function findDestination(
	environment: NodeJS.ProcessEnv,
	warn: (line: string) => void,
	ports = JAEGER_PORTS,
): Promise<Destination | undefined> {
	const variables = new Variables(environment);
	if (variables.text("OTEL_TRACES_EXPORTER") === "none") return undefined;
	const configured =
		variables.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") ??
		variables.text("OTEL_EXPORTER_OTLP_ENDPOINT");
	const read = readCollectorSettings(variables);
	for (const warning of variables.warnings) warn(warning);
	const settings = configured
		? read
		: { ...read, url: `http://localhost:${ports.otlp}/v1/traces` };
	if (!configured && !(await accepts(settings))) return undefined;
	const pages = `http://${new URL(settings.url).hostname}:${ports.pages}`;
	return { settings, ...((await hasJaeger(pages)) && { jaeger: pages }) };
}

async function accepts(settings: CollectorSettings): Promise<boolean> {
	const transport = new OtlpTransport(settings, JSON_FORMAT);
	const outcome = await within(
		PROBE_TIMEOUT_MS,
		transport.send([Buffer.from("{}")]),
	);
	return outcome?.kind === "delivered";
}

/** Nobody needs to listen there: that an address does not answer is an answer. */
async function hasJaeger(pages: string): Promise<boolean> {
	try {
		const response = await fetch(`${pages}/api/v3/services`, {
			signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
		});
		await response.body?.cancel();
		return response.ok;
	} catch {
		return false;
	}
}

/** Sends exports on, one after the other, in bounded memory. What is not delivered is counted. */
export class Forwarder {
	private readonly transport: OtlpTransport;
	private readonly waiting: {
		readonly body: Buffer;
		readonly spans: number;
	}[] = [];
	private waitingBytes = 0;
	private lost = 0;
	private why: string | undefined;
	private sending: Promise<void> | undefined;

	constructor(private readonly settings: CollectorSettings) {
		this.transport = new OtlpTransport(settings, JSON_FORMAT);
	}

	add(json: string, spans: number): void {
		const body = Buffer.from(json);
		if (this.waitingBytes + body.length > MAX_WAITING_BYTES) {
			this.lose(spans, "it does not keep up");
			return;
		}
		this.waitingBytes += body.length;
		this.waiting.push({ body, spans });
		this.sending ??= this.send();
	}

	/** Waits for the delivery, for a bounded time. @returns what was not delivered and why, in words, if anything was not */
	async finish(): Promise<string | undefined> {
		await within(FINISH_TIMEOUT_MS, this.sending);
		for (const { spans } of this.waiting.splice(0)) {
			this.lose(spans, "the time was up");
		}
		return this.lost === 0
			? undefined
			: `${count(this.lost, "span")} could not be sent on to ${shownUrl(this.settings)}: ${this.why}`;
	}

	private async send(): Promise<void> {
		for (let next = this.waiting[0]; next; next = this.waiting[0]) {
			const outcome = await this.transport.send([next.body]);
			// Given up meanwhile, and counted.
			if (this.waiting[0] !== next) return;
			this.waiting.shift();
			this.waitingBytes -= next.body.length;
			if (outcome.kind === "delivered") {
				if (outcome.rejected > 0) this.lose(outcome.rejected, outcome.message);
			} else this.lose(next.spans, outcome.why);
		}
		this.sending = undefined;
	}

	private lose(spans: number, why: string): void {
		this.lost += spans;
		this.why ??= why;
	}
}

/** Waits for a bounded time, and keeps the process alive so long, which the transport does not. */
async function within<T>(
	milliseconds: number,
	promise: T | Promise<T>,
): Promise<T | undefined> {
	let timer: NodeJS.Timeout | undefined;
	const limit = new Promise<undefined>((resolve) => {
		timer = setTimeout(() => resolve(undefined), milliseconds);
	});
	try {
		return await Promise.race([promise, limit]);
	} finally {
		clearTimeout(timer);
	}
}
