import { describe, expect } from "vitest";
import {
	type Program,
	runScenario,
	type Scenario,
	test,
} from "../support/scenario.js";
import type { TestServer } from "../support/server.js";
import { refusingPort } from "../support/server.js";

/** How a program ends, with the agent and without it; its errors without the frames of their stacks. */
async function endings(
	server: Pick<TestServer, "port"> & { readonly origin?: string },
	scenario: Scenario,
	environment: Readonly<Record<string, string>> = {},
) {
	const [alone, traced] = await Promise.all(
		(["none", "require"] as const).map(async (preload) => {
			const run = await runScenario(server, scenario, { preload, environment });
			return {
				exitCode: run.exitCode,
				signal: run.signal,
				stdout: run.stdout,
				stderr: run.stderr
					.split("\n")
					.filter((line) => !/^\s+(at |\[\.\.\. lines matching)/.test(line))
					.join("\n"),
			};
		}),
	);
	return { alone, traced };
}

const UNCAUGHT: Readonly<
	Record<string, { readonly scenario: Scenario; readonly error: RegExp }>
> = {
	"a request is refused": {
		scenario: ({ http, port }) => http.get({ host: "127.0.0.1", port }),
		error: /ECONNREFUSED/,
	},
	"a TLS request is refused": {
		scenario: ({ https, port }) => https.get({ host: "localhost", port }),
		error: /ECONNREFUSED/,
	},
	"a socket is refused": {
		scenario: ({ net, port }) => net.connect(port, "127.0.0.1"),
		error: /ECONNREFUSED/,
	},
	"a socket with a connect listener is refused": {
		scenario: ({ net, port, report }) =>
			net.connect({ port, host: "localhost" }, () => report("connected")),
		error: /ECONNREFUSED/,
	},
	"a TLS socket is refused": {
		scenario: ({ tls, port }) => tls.connect({ port, host: "127.0.0.1" }),
		error: /ECONNREFUSED/,
	},
	"every address is refused": {
		scenario: ({ net, port }) =>
			net.connect({
				port,
				host: "both.test",
				lookup: (_name, _options, callback) =>
					callback(null, [
						{ address: "127.0.0.1", family: 4 },
						{ address: "127.0.0.2", family: 4 },
					]),
			}),
		error: /AggregateError/,
	},
	"the host of a request has no address": {
		scenario: ({ http }) => http.get("http://nonexistent.invalid/"),
		error: /ENOTFOUND|EAI_AGAIN/,
	},
	"the host of a TLS socket has no address": {
		scenario: ({ tls }) => tls.connect(443, "nonexistent.invalid"),
		error: /ENOTFOUND|EAI_AGAIN/,
	},
	"a promised lookup fails": {
		scenario: ({ dns }) => dns.promises.lookup("nonexistent.invalid"),
		error: /ENOTFOUND|EAI_AGAIN/,
	},
	"the program's lookup throws": {
		scenario: ({ http, port }) =>
			http.get({
				host: "localhost",
				port,
				lookup: () => {
					throw new Error("thrown by lookup");
				},
			}),
		error: /thrown by lookup/,
	},
};

describe.concurrent("nobody catches that", async () => {
	const port = await refusingPort();
	for (const [name, { scenario, error }] of Object.entries(UNCAUGHT)) {
		test(name, async () => {
			const { alone, traced } = await endings({ port }, scenario);
			expect(alone?.exitCode).toBe(1);
			expect(alone?.stderr).toMatch(error);
			expect(traced).toEqual(alone);
		});
	}
});

const WITH_SERVER: Readonly<
	Record<
		string,
		{
			readonly scenario: Scenario;
			readonly exitCode: number;
			readonly error: RegExp;
			readonly environment?: Readonly<Record<string, string>>;
		}
	>
> = {
	"a TLS request to a server that is not trusted": {
		scenario: ({ request }) => request("/").end(),
		exitCode: 1,
		error: /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
		environment: { NODE_EXTRA_CA_CERTS: "" },
	},
	"a TLS socket to a server that is not trusted": {
		scenario: ({ tls, port }) => tls.connect({ port, host: "localhost" }),
		exitCode: 1,
		error: /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
		environment: { NODE_EXTRA_CA_CERTS: "" },
	},
	"TLS on an open socket, to a server that is not trusted": {
		scenario: ({ net, tls, port }) => {
			const socket = net.connect(port, "localhost", () => {
				tls.connect({ socket, servername: "localhost" });
			});
		},
		exitCode: 1,
		error: /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
		environment: { NODE_EXTRA_CA_CERTS: "" },
	},
	"a TLS socket to a server with another name": {
		scenario: ({ tls, port }) =>
			tls.connect({ port, host: "localhost", servername: "elsewhere.test" }),
		exitCode: 1,
		error: /ERR_TLS_CERT_ALTNAME_INVALID/,
	},
	"a connection closed in place of an answer": {
		scenario: ({ request }) => request("/drop").end(),
		exitCode: 1,
		error: /socket hang up/,
	},
	"a response that breaks off": {
		scenario: ({ request }) =>
			request("/half/20")
				.on("response", async (response) => {
					for await (const chunk of response) response.emit("seen", chunk);
				})
				.end(),
		exitCode: 1,
		error: /aborted/,
	},
	"a request destroyed with an error": {
		scenario: ({ request }) =>
			request("/never").destroy(new Error("the program's own")),
		exitCode: 1,
		error: /the program's own/,
	},
	"an error thrown in a response listener": {
		scenario: ({ request }) =>
			request("/")
				.on("response", () => {
					throw new Error("thrown by the listener");
				})
				.end(),
		exitCode: 1,
		error: /thrown by the listener/,
	},
	"an error thrown in the callback of a request": {
		scenario: ({ client, origin }) =>
			client.get(origin, () => {
				throw new Error("thrown by the callback");
			}),
		exitCode: 1,
		error: /thrown by the callback/,
	},
	"an error thrown in a connect callback": {
		scenario: ({ net, port }) =>
			net.connect(port, "localhost", () => {
				throw new Error("thrown by the callback");
			}),
		exitCode: 1,
		error: /thrown by the callback/,
	},
	"an error thrown in a lookup callback": {
		scenario: ({ dns }) =>
			dns.lookup("localhost", () => {
				throw new Error("thrown by the callback");
			}),
		exitCode: 1,
		error: /thrown by the callback/,
	},
	"an error thrown in a socket listener": {
		scenario: ({ request }) =>
			request("/")
				.on("socket", () => {
					throw new Error("thrown by the listener");
				})
				.end(),
		exitCode: 1,
		error: /thrown by the listener/,
	},
	"an error that the program catches as uncaught": {
		scenario: ({ net, report }: Program) => {
			process.on("uncaughtException", ({ message }, origin) =>
				report([message, origin]),
			);
			net.connect(1, "127.0.0.1");
		},
		exitCode: 0,
		error: /^$/,
	},
	"an exit code of the program": {
		scenario: async ({ request, read }) => {
			const sent = request("/", { agent: false });
			sent.end();
			await read(sent);
			process.exitCode = 3;
		},
		exitCode: 3,
		error: /^$/,
	},
	"an exit of the program": {
		scenario: async ({ get }) => {
			await get("/");
			process.exit(4);
		},
		exitCode: 4,
		error: /^$/,
	},
};

describe.concurrent("it ends the same after", () => {
	for (const [name, expected] of Object.entries(WITH_SERVER)) {
		test(name, async ({ https }) => {
			const { alone, traced } = await endings(
				https,
				expected.scenario,
				expected.environment,
			);
			expect(alone?.exitCode).toBe(expected.exitCode);
			expect(alone?.stderr).toMatch(expected.error);
			expect(traced).toEqual(alone);
		});
	}
});
