import { Attribute, SpanName } from "../spans/names";
import type {
	ConnectionRow,
	EndingRow,
	Excerpt,
	PhaseRow,
	RequestRow,
	SetupRow,
} from "./model";
import { hostOf, numberAt, textAt, textsAt } from "./read-attributes";
import { Recent } from "./recent";
import { endMs, processOf, type Span, startMs } from "./span";
import { reasonOf } from "./summary-builder";

/** Connections that are kept at most. */
const MAX_CONNECTIONS = 20_000;

/** Setups and phases that wait for each other. */
const REMEMBERED = 10_000;

const PHASES: ReadonlySet<string> = new Set<PhaseRow["name"]>([
	SpanName.dnsLookup,
	SpanName.tcpConnect,
	SpanName.tlsHandshake,
]);

type Mutable<Row> = { -readonly [Member in keyof Row]: Row[Member] };

type MutableSetup = Mutable<Omit<SetupRow, "phases">> & { phases: PhaseRow[] };

type MutableConnection = Mutable<Omit<ConnectionRow, "setup">> & {
	setup?: MutableSetup;
};

/**
 * Collects connections from the spans of their setup and of their requests, in whatever order these come. When there
 * are more than fit, an even share is kept, chosen by the id, so that a connection is kept with all that belongs to it
 * or not at all.
 */
export class ConnectionRows {
	private readonly byId = new Map<string, MutableConnection>();
	/** How connections ended, by their id. */
	private readonly endings = new Map<string, EndingRow>();
	private readonly bySetupSpan = new Recent<string, MutableSetup>(REMEMBERED);
	private readonly earlyPhases = new Recent<string, PhaseRow[]>(REMEMBERED);
	private divisor = 1;

	/** @param connections how many connections are known in all */
	build(connections: number): Excerpt<ConnectionRow> {
		const rows = [...this.byId.values()]
			.map((connection): ConnectionRow => {
				const ending = this.endings.get(connection.id);
				connection.setup?.phases.sort((a, b) => a.start - b.start);
				return ending ? { ...connection, ending } : connection;
			})
			.sort((a, b) => beginOf(a) - beginOf(b));
		const leftOut = Math.max(0, connections - rows.length);
		return { rows, leftOut, notableLeftOut: leftOut };
	}

	/** Takes a span of a setup or of one of its phases; others are left alone. */
	addSpan(span: Span): void {
		if (span.name === SpanName.connectionSetup) this.addSetup(span);
		else if (PHASES.has(span.name)) this.addPhase(span);
	}

	addRequest(row: RequestRow): void {
		const { connectionId, start, durationMs, reason, previousConnectionId } =
			row;
		if (connectionId === undefined) return;
		const connection = this.connection(connectionId, row.host, row);
		if (connection) {
			const end = start + durationMs;
			connection.requests += 1;
			connection.firstRequestAt = Math.min(
				start,
				connection.firstRequestAt ?? start,
			);
			connection.lastRequestEndedAt = Math.max(
				end,
				connection.lastRequestEndedAt ?? end,
			);
			if (reason) connection.reason ??= reason;
		}
		if (reason && previousConnectionId && this.keeps(previousConnectionId)) {
			this.endings.set(previousConnectionId, {
				reason,
				...(row.reasonDetail && { detail: row.reasonDetail }),
				notAfter: start,
				replacedBy: connectionId,
			});
		}
	}

	private addSetup(span: Span): void {
		const { attributes, spanId, service } = span;
		const id = textAt(attributes, Attribute.connectionId);
		if (id === undefined) return;
		const process = processOf(span);
		const connection = this.connection(id, hostOf(attributes), {
			...(service && { service }),
			...(process && { process }),
		});
		if (!connection) return;
		const reason = reasonOf(attributes);
		if (reason) connection.reason ??= reason;
		const error = textAt(attributes, Attribute.errorType);
		// A TLS handshake that comes later than the rest has a setup span of its own.
		connection.setup ??= { start: startMs(span), end: endMs(span), phases: [] };
		const { setup } = connection;
		setup.start = Math.min(setup.start, startMs(span));
		setup.end = Math.max(setup.end, endMs(span));
		if (error) setup.error = error;
		this.bySetupSpan.set(spanId, setup);
		setup.phases.push(...(this.earlyPhases.take(spanId) ?? []));
	}

	private addPhase(span: Span): void {
		const { parentSpanId } = span;
		if (parentSpanId === undefined) return;
		const phase = toPhaseRow(span);
		const setup = this.bySetupSpan.get(parentSpanId);
		if (setup) setup.phases.push(phase);
		else {
			const earlier = this.earlyPhases.take(parentSpanId) ?? [];
			this.earlyPhases.set(parentSpanId, [...earlier, phase]);
		}
	}

	private connection(
		id: string,
		host: string,
		{ service, process }: Pick<ConnectionRow, "service" | "process">,
	): MutableConnection | undefined {
		const known = this.byId.get(id);
		if (known) return known;
		if (!this.keeps(id)) return undefined;
		const connection: MutableConnection = {
			id,
			host,
			...(service && { service }),
			...(process && { process }),
			requests: 0,
		};
		this.byId.set(id, connection);
		if (this.byId.size > MAX_CONNECTIONS) this.thinOut();
		return connection;
	}

	private keeps(id: string): boolean {
		return this.divisor === 1 || hash(id) % this.divisor === 0;
	}

	private thinOut(): void {
		this.divisor *= 2;
		for (const map of [this.byId, this.endings]) {
			for (const id of map.keys()) {
				if (!this.keeps(id)) map.delete(id);
			}
		}
	}
}

function toPhaseRow(span: Span): PhaseRow {
	const { attributes } = span;
	const error = textAt(attributes, Attribute.errorType);
	const detail = detailOf(span);
	return {
		name: span.name as PhaseRow["name"],
		start: startMs(span),
		end: endMs(span),
		...(error && { error }),
		...(detail && { detail }),
	};
}

function detailOf({ name, attributes }: Span): string | undefined {
	if (name === SpanName.dnsLookup) {
		const answers = textsAt(attributes, Attribute.dnsAnswers);
		return [textAt(attributes, Attribute.dnsQuestionName), answers?.join(", ")]
			.filter(Boolean)
			.join(" → ");
	}
	if (name === SpanName.tcpConnect) {
		const address = textAt(attributes, Attribute.networkPeerAddress);
		const port = numberAt(attributes, Attribute.networkPeerPort);
		if (address === undefined) return undefined;
		const host = address.includes(":") ? `[${address}]` : address;
		return port === undefined ? address : `${host}:${port}`;
	}
	const version = textAt(attributes, Attribute.tlsProtocolVersion);
	const session =
		attributes[Attribute.tlsResumed] === true ? "session resumed" : undefined;
	return [version && `TLS ${version}`, session].filter(Boolean).join(", ");
}

function beginOf({ setup, firstRequestAt }: ConnectionRow): number {
	return setup?.start ?? firstRequestAt ?? 0;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
	let value = 0x811c9dc5;
	for (let index = 0; index < text.length; index++) {
		value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
	}
	return value >>> 0;
}
