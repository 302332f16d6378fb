import { promisify } from "node:util";
import { VERSION } from "../version";
import type { CollectorSettings } from "./collector-settings";
import type { Format } from "./encoding";
import { HttpConnection, type Session } from "./http-connection";
import { type HttpResponse, NoResponse } from "./http-response";
import { type Outcome, outcomeOf } from "./outcome";

/** What is to be heeded inside a program. */
export interface Precautions {
	/** Runs something that neither the agent nor the program's own telemetry should see. */
	readonly unseen: <T>(run: () => T) => T;
	/** Keeps faults in what happens on connections from the program. */
	readonly guard: (run: () => void) => void;
	/** Whether connects under way are all that keeps the process alive. */
	readonly nothingElseRuns: () => boolean;
}

const NONE: Precautions = {
	unseen: (run) => run(),
	guard: (run) => run(),
	nothingElseRuns: () => false,
};

/**
 * Sends requests by OTLP/HTTP. It speaks to the collector itself: Node's own client shares its functions with the
 * requests of the program, for which V8 then has to compile them anew, and slower. Its connections and timers keep no
 * program alive.
 */
export class OtlpTransport {
	private head: string | undefined;
	private readonly session: Session = {};
	/** Connections that carry no request. */
	private readonly idle: HttpConnection[] = [];

	constructor(
		private readonly settings: CollectorSettings,
		private readonly format: Format,
		private readonly precautions: Precautions = NONE,
	) {}

	/**
	 * @param parts the body, piece by piece
	 * @throws a fault of the agent; what goes wrong on the way is an outcome
	 */
	async send(parts: readonly Buffer[]): Promise<Outcome> {
		try {
			const { status, headers, body } = await this.post(
				this.settings.gzip ? [await compressed(parts)] : parts,
			);
			return outcomeOf(this.format, status, body, headers.get("retry-after"));
		} catch (error) {
			const { code, message } = error as NodeJS.ErrnoException;
			// All that Node says of connections, certificates and compression has a code.
			if (code === undefined && !(error instanceof NoResponse)) throw error;
			return { kind: "failed", why: code ?? message };
		}
	}

	private async post(body: readonly Buffer[]): Promise<HttpResponse> {
		const kept = this.takeIdle();
		if (!kept) return this.postOn(this.newConnection(), body);
		try {
			return await this.postOn(kept, body);
		} catch (error) {
			if (!kept.stale) throw error;
			return this.postOn(this.newConnection(), body);
		}
	}

	private async postOn(
		connection: HttpConnection,
		body: readonly Buffer[],
	): Promise<HttpResponse> {
		this.head ??= headOf(this.settings, this.format);
		const length = body.reduce((sum, part) => sum + part.length, 0);
		const response = await connection.post(
			`${this.head}content-length: ${length}\r\n\r\n`,
			body,
			this.settings.timeout,
		);
		if (connection.usable) this.idle.push(connection);
		return response;
	}

	/** The one that was used last; those that cannot be used any more are closed. */
	private takeIdle(): HttpConnection | undefined {
		for (;;) {
			const connection = this.idle.pop();
			if (!connection || connection.usable) return connection;
			connection.close();
		}
	}

	private newConnection(): HttpConnection {
		const { settings, session } = this;
		const { unseen, guard, nothingElseRuns } = this.precautions;
		return unseen(() => {
			const connection = new HttpConnection(settings, session, guard);
			connection.giveWay(nothingElseRuns);
			return connection;
		});
	}
}

/** All of a request's head but the length of its body. */
function headOf(
	{ url, headers, gzip }: CollectorSettings,
	{ contentType }: Format,
): string {
	const { host, pathname, search, username, password } = new URL(url);
	const user = decodeURIComponent(`${username}:${password}`);
	const fields = {
		host,
		connection: "keep-alive",
		"user-agent": `conntrace/${VERSION}`,
		...(user !== ":" && {
			authorization: `Basic ${Buffer.from(user).toString("base64")}`,
		}),
		...headers,
		"content-type": contentType,
		...(gzip && { "content-encoding": "gzip" }),
	};
	const lines = Object.entries(fields).map(
		([name, value]) => `${name}: ${value}\r\n`,
	);
	return `POST ${pathname}${search} HTTP/1.1\r\n${lines.join("")}`;
}

async function compressed(parts: readonly Buffer[]): Promise<Buffer> {
	const { gzip } = require("node:zlib") as typeof import("node:zlib");
	return promisify(gzip)(Buffer.concat(parts));
}
