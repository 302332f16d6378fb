import { test as base, describe, inject } from "vitest";
import {
	type Http2ServerOptions,
	type Http2TestServer,
	startHttp2Server,
} from "../support/http2-server.js";

interface Fixtures {
	/** Starts a server that the end of the test stops. */
	readonly serve: (options?: Http2ServerOptions) => Promise<Http2TestServer>;
}

/** Runs the same tests with HTTP/2 over plain TCP and over TLS. */
export function describeBoth(
	name: string,
	define: (context: {
		readonly test: ReturnType<typeof testWith>;
		readonly secure: boolean;
	}) => void,
): void {
	for (const secure of [false, true]) {
		describe.concurrent(`${name}, ${secure ? "h2" : "h2c"}`, () =>
			define({ test: testWith(secure), secure }));
	}
}

function testWith(secure: boolean) {
	return base.extend<Fixtures>({
		// biome-ignore lint/correctness/noEmptyPattern: the form that vitest asks for
		serve: async ({}, use) => {
			const servers: Http2TestServer[] = [];
			await use(async (options = {}) => {
				const server = await startHttp2Server({
					...(secure && { certificate: inject("certificate") }),
					...options,
				});
				servers.push(server);
				return server;
			});
			for (const server of servers) await server.close();
		},
	});
}
