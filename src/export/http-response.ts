/** A response of an HTTP/1.1 server. */
export interface HttpResponse {
	readonly status: number;
	/** By their names in lower case; of those with the same name the last. */
	readonly headers: ReadonlyMap<string, string>;
	readonly body: Buffer;
	/** Whether the connection can carry another request. */
	readonly reusable: boolean;
}

/** What came is no response, or none came in time. */
export class NoResponse extends Error {}

/** Is given the bytes of a connection as they come, and none at its end. */
type Reading<Result> = Generator<undefined, Result, Buffer | undefined>;

/** Bytes of a head, or of the trailers: as many as Node's own client takes. */
const MAX_HEAD = 16 * 1024;

/** Statuses of which no body follows, whatever the head says. */
const WITHOUT_BODY = new Set([204, 304]);

const NOTHING = Buffer.alloc(0);

/**
 * Reads the response to a POST; throws at what is none. Interim responses before it are passed over.
 * @param maxBody bytes of the body that are kept; where it is longer, the rest is not read
 */
export function* readResponse(maxBody: number): Reading<HttpResponse> {
	const incoming = new Incoming();
	let head: Head;
	do head = yield* readHead(incoming);
	while (head.status < 200);
	const { status, headers } = head;
	const framing = framingOf(head);
	const body = new Body(maxBody);
	if (framing === "chunks") yield* readChunks(incoming, body);
	else if (framing === "close") yield* readToEnd(incoming, body);
	else yield* readBytes(incoming, framing, body);
	return {
		status,
		headers,
		body: body.contents(),
		reusable:
			head.persistent && framing !== "close" && !body.full && incoming.empty,
	};
}

interface Head {
	readonly status: number;
	readonly headers: ReadonlyMap<string, string>;
	/** Whether the server means to keep the connection. */
	readonly persistent: boolean;
}

function* readHead(incoming: Incoming): Reading<Head> {
	const [first, ...lines] = yield* readLines(incoming);
	const [, minor, status] =
		/^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(first ?? "") ?? [];
	// There was no request to speak another protocol.
	if (status === undefined || status === "101") throw notHttp();
	const headers = new Map<string, string>();
	for (const line of lines) {
		const [, name, value] = /^([^\s:]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
		if (name === undefined || value === undefined) throw notHttp();
		headers.set(name.toLowerCase(), value);
	}
	const connection = headers.get("connection")?.toLowerCase() ?? "";
	return {
		status: Number(status),
		headers,
		persistent:
			minor === "1"
				? !connection.includes("close")
				: connection.includes("keep-alive"),
	};
}

/** How the end of a body is known: bytes, chunks, or the end of the connection. */
function framingOf({ status, headers }: Head): number | "chunks" | "close" {
	if (WITHOUT_BODY.has(status)) return 0;
	const coding = headers.get("transfer-encoding")?.toLowerCase();
	if (coding !== undefined) return coding === "chunked" ? "chunks" : "close";
	const length = headers.get("content-length");
	return length === undefined ? "close" : parseLength(length, /^\d+$/, 10);
}

function* readChunks(incoming: Incoming, body: Body): Reading<void> {
	while (!body.full) {
		const [size = ""] = (yield* readLine(incoming, MAX_HEAD)).split(";");
		const length = parseLength(size.trim(), /^[\da-f]+$/i, 16);
		if (length === 0) {
			yield* readLines(incoming);
			return;
		}
		yield* readBytes(incoming, length, body);
		if (!body.full && (yield* readLine(incoming, MAX_HEAD)) !== "") {
			throw notHttp();
		}
	}
}

function* readBytes(
	incoming: Incoming,
	length: number,
	body: Body,
): Reading<void> {
	for (let left = length; left > 0 && !body.full; ) {
		if (incoming.empty) incoming.add(yield* next());
		const part = incoming.take(left);
		left -= part.length;
		body.add(part);
	}
}

function* readToEnd(incoming: Incoming, body: Body): Reading<void> {
	body.add(incoming.take(Infinity));
	while (!body.full) {
		const part = yield;
		if (!part) return;
		body.add(part);
	}
}

/** Reads lines up to an empty one. */
function* readLines(incoming: Incoming): Reading<string[]> {
	const lines: string[] = [];
	let room = MAX_HEAD;
	for (;;) {
		const line = yield* readLine(incoming, room);
		if (line === "") return lines;
		lines.push(line);
		room -= line.length + 2;
	}
}

function* readLine(incoming: Incoming, room: number): Reading<string> {
	for (;;) {
		const line = incoming.takeLine();
		if (line !== undefined && line.length <= room) return line;
		if (line !== undefined || incoming.length > room) {
			throw new NoResponse("the head of the response is too long");
		}
		incoming.add(yield* next());
	}
}

function* next(): Reading<Buffer> {
	const part = yield;
	if (!part) throw closed();
	return part;
}

/** As Node names it where a server closes a connection instead of answering. */
function closed(): NoResponse & NodeJS.ErrnoException {
	return Object.assign(new NoResponse("closed without an answer"), {
		code: "ECONNRESET",
	});
}

function notHttp(): NoResponse {
	return new NoResponse("no HTTP/1.1 response");
}

function parseLength(text: string, form: RegExp, base: number): number {
	const length = form.test(text) ? Number.parseInt(text, base) : Number.NaN;
	if (!Number.isSafeInteger(length)) throw notHttp();
	return length;
}

/** Bytes that have come and were not read yet. */
class Incoming {
	private bytes: Buffer = NOTHING;

	get length(): number {
		return this.bytes.length;
	}

	get empty(): boolean {
		return this.bytes.length === 0;
	}

	add(part: Buffer): void {
		this.bytes = this.empty ? part : Buffer.concat([this.bytes, part]);
	}

	/** @returns as many as there are, at most these */
	take(most: number): Buffer {
		const part = this.bytes.subarray(0, most);
		this.bytes = this.bytes.subarray(part.length);
		return part;
	}

	/** A line without its end, if all of it is there. */
	takeLine(): string | undefined {
		const end = this.bytes.indexOf("\n");
		if (end < 0) return undefined;
		return this.take(end + 1)
			.toString("latin1")
			.replace(/\r?\n$/, "");
	}
}

class Body {
	private readonly parts: Buffer[] = [];
	private length = 0;

	constructor(private readonly max: number) {}

	/** There was more of it than is kept. */
	get full(): boolean {
		return this.length > this.max;
	}

	add(part: Buffer): void {
		if (part.length > 0) this.parts.push(part);
		this.length += part.length;
	}

	contents(): Buffer {
		return Buffer.concat(this.parts).subarray(0, this.max);
	}
}
