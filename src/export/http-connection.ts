import { lookup } from "node:dns";
import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import { now } from "../clocks";
import { announcedIdleLimit } from "../keep-alive";
import { clearTimeout, setTimeout } from "../timers";
import type { CollectorSettings } from "./collector-settings";
import { type HttpResponse, NoResponse, readResponse } from "./http-response";

/** More than any collector says; what goes beyond is not read. */
const MAX_ANSWER = 64 * 1024;

/** After how long without traffic the system asks whether the peer is still there, in milliseconds. */
const KEEP_ALIVE_DELAY = 1000;

/** How long before a server's idle limit nothing more is sent: it would cross with the end, in milliseconds. */
const MARGIN = 1000;

/** How often a connection in the making looks whether the program has nothing else to do, in milliseconds. */
const LOOK = 250;

/** Where a connection goes, and whom it trusts. */
export type Target = Pick<CollectorSettings, "url" | "ca" | "cert" | "key">;

/** Of TLS, with which another connection begins sooner. */
export interface Session {
	last?: Buffer;
}

interface Pending {
	readonly reading: ReturnType<typeof readResponse>;
	readonly resolve: (response: HttpResponse) => void;
	readonly reject: (error: Error) => void;
}

/** A connection to an HTTP/1.1 server, for one request at a time. It keeps no program alive. */
export class HttpConnection {
	private readonly socket: Socket;
	private pending: Pending | undefined;
	private usableUntil = Number.POSITIVE_INFINITY;
	private requests = 0;
	private answered = false;

	/** @param guard keeps faults in what its events mean from the program */
	constructor(
		target: Target,
		session: Session,
		private readonly guard: (run: () => void) => void,
	) {
		this.socket = connect(target, session).unref();
		this.socket.on("data", (bytes) => guard(() => this.read(bytes)));
		this.socket.on("end", () => guard(() => this.read(undefined)));
		this.socket.on("close", () => guard(() => this.read(undefined)));
		this.socket.on("error", (error) => guard(() => this.fail(error)));
	}

	/** Whether it can be used again, as far as can be known. */
	get usable(): boolean {
		return !this.socket.destroyed && now() < this.usableUntil;
	}

	/** A request failed on it before any answer, after others had not: it had been given up by the server. */
	get stale(): boolean {
		return this.requests > 1 && !this.answered;
	}

	/**
	 * Sends a request and reads the answer.
	 * @param timeout for both, in milliseconds
	 */
	async post(
		head: string,
		body: readonly Buffer[],
		timeout: number,
	): Promise<HttpResponse> {
		this.requests += 1;
		this.answered = false;
		const timer = setTimeout(
			() => this.guard(() => this.giveUp(timeout)),
			timeout,
		).unref();
		try {
			return await new Promise((resolve, reject) => {
				const reading = readResponse(MAX_ANSWER);
				reading.next();
				this.pending = { reading, resolve, reject };
				this.socket.cork();
				this.socket.write(head, "latin1");
				for (const part of body) this.socket.write(part);
				this.socket.uncork();
			});
		} finally {
			clearTimeout(timer);
		}
	}

	/**
	 * Gives up connecting when nothing else keeps the process alive: a connect under way does, although its socket does
	 * not (libuv counts requests), and a collector behind a firewall may not answer for minutes.
	 */
	giveWay(nothingElseRuns: () => boolean): void {
		const look = () => {
			if (!this.socket.connecting) return;
			if (nothingElseRuns()) {
				this.fail(new NoResponse("no connection while the program ran"));
			} else {
				this.giveWay(nothingElseRuns);
			}
		};
		setTimeout(() => this.guard(look), LOOK).unref();
	}

	close(): void {
		this.socket.destroy();
	}

	/** @param bytes none at the end of the connection */
	private read(bytes: Buffer | undefined): void {
		const { pending } = this;
		if (!pending) {
			// Nothing was asked: whatever it says, it is no answer.
			this.close();
			return;
		}
		if (bytes) this.answered = true;
		try {
			const { done, value } = pending.reading.next(bytes);
			if (done) this.settle(pending, value);
		} catch (error) {
			this.fail(error as Error);
		}
	}

	private giveUp(timeout: number): void {
		this.answered = true;
		this.fail(new NoResponse(`no answer within ${timeout} ms`));
	}

	private settle({ resolve }: Pending, response: HttpResponse): void {
		// An answer to half of a request: the rest of it would not be understood.
		if (!response.reusable || this.socket.writableLength > 0) this.close();
		else this.usableUntil = now() + idleLimit(response);
		this.pending = undefined;
		resolve(response);
	}

	private fail(error: Error): void {
		this.pending?.reject(error);
		this.pending = undefined;
		this.close();
	}
}

function connect({ url, ca, cert, key }: Target, session: Session): Socket {
	const { protocol, hostname, port } = new URL(url);
	const host = hostname.replace(/^\[(.*)\]$/, "$1");
	const options = {
		host,
		// The program may have put another in its place.
		lookup,
		noDelay: true,
		keepAlive: true,
		keepAliveInitialDelay: KEEP_ALIVE_DELAY,
	};
	if (protocol === "http:") {
		return connectPlain({ ...options, port: Number(port || 80) });
	}
	return connectSecure({
		...options,
		port: Number(port || 443),
		ALPNProtocols: ["http/1.1"],
		...(isIP(host) === 0 && { servername: host }),
		...buffers({ ca, cert, key, session: session.last }),
	}).on("session", (last) => {
		session.last = last;
	});
}

/** As `tls` wants them, which takes no views on other memory; absent ones stay absent. */
function buffers(
	files: Readonly<Record<string, Uint8Array | undefined>>,
): Record<string, Buffer> {
	return Object.fromEntries(
		Object.entries(files).flatMap(([name, bytes]) =>
			bytes ? [[name, Buffer.from(bytes)]] : [],
		),
	);
}

/** How long a connection may lie idle by what the server announced, in milliseconds. */
function idleLimit({ headers }: HttpResponse): number {
	const announced = announcedIdleLimit(headers.get("keep-alive") ?? "");
	return announced === undefined
		? Number.POSITIVE_INFINITY
		: announced - MARGIN;
}
