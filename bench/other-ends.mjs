// The server and the collector of a measurement, in a process of their own.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What is below what a span takes at least, in whatever form. */
const SPAN_BYTES = 50;

export async function startOtherEnds() {
	const directory = await mkdtemp(join(tmpdir(), "conntrace-bench-"));
	const servers = fork(new URL("servers.mjs", import.meta.url));
	const [{ cert, secure, plain, collector }] = await once(servers, "message");
	const certificate = join(directory, "certificate.pem");
	await writeFile(certificate, cert);

	/** Bytes that the collector got since it was last asked. */
	async function received() {
		const answer = once(servers, "message");
		servers.send("received?");
		return (await answer)[0].received;
	}

	return {
		/** For what else the measurement needs. */
		directory,
		/** Where puts are taken, with TLS and without. */
		secure,
		plain,
		/** What a program under measurement finds in its environment. */
		environment: {
			PATH: process.env.PATH,
			NODE_EXTRA_CA_CERTS: certificate,
			NODE_NO_WARNINGS: "1",
			OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector}`,
			DD_TRACE_AGENT_URL: `http://127.0.0.1:${collector}`,
		},
		/** Forgets what the collector has got so far. */
		forget: received,
		/** Throws unless so many spans can have arrived: what is not delivered costs little. */
		async expectSpans(name, count) {
			const bytes = await received();
			if (bytes < count * SPAN_BYTES)
				throw new Error(`${name}: ${bytes} bytes arrived for ${count} spans`);
		},
		async stop() {
			servers.kill();
			await rm(directory, { recursive: true });
		},
	};
}
