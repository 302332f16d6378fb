import { test as base, inject } from "vitest";
import {
	type Http2ServerOptions,
	type Http2TestServer,
	startHttp2Server,
} from "../support/http2-server.js";
import { describePlainAndSecure } from "../support/scenario.js";

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
	describePlainAndSecure(name, ["h2c", "h2"], (secure) =>
		define({ test: testWith(secure), secure }),
	);
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
