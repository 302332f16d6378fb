import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

/** A running Jaeger, all of it on the loopback interface. */
export interface Jaeger {
	/** Where it takes traces. */
	readonly collector: string;
	/** Of its pages and its API. */
	readonly address: string;
	/** GET of its API, as JSON; the parameters are its query. */
	ask(path: string, parameters?: Record<string, string>): Promise<unknown>;
	/** GET of one of its pages. */
	page(path: string): Promise<string>;
	stop(): Promise<void>;
}

const START_LIMIT = 60_000;

/**
 * Starts Jaeger with this repository's configuration; only addresses and paths differ, which are those of its container.
 * @throws with what Jaeger said if it does not come up.
 */
export async function startJaeger(binary: string): Promise<Jaeger> {
	const [grpc, http, query, queryGrpc, health] = await freePorts(5);
	const local = (port: number | undefined) => `127.0.0.1:${port}`;
	const addresses = {
		extensions: {
			healthcheckv2: { http: { endpoint: local(health) } },
			jaeger_query: {
				http: { endpoint: local(query) },
				grpc: { endpoint: local(queryGrpc) },
				ui: { config_file: resolve("otel/jaeger-ui.json") },
			},
		},
		receivers: {
			otlp: {
				protocols: {
					grpc: { endpoint: local(grpc) },
					http: { endpoint: local(http) },
				},
			},
		},
		service: { telemetry: { metrics: { level: "none" } } },
	};
	const child = spawn(
		binary,
		[
			...["--config", join("otel", "jaeger.yaml")],
			...["--config", `yaml:${JSON.stringify(addresses)}`],
		],
		{ stdio: ["ignore", "ignore", "pipe"] },
	);
	let said = "";
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		said += text;
	});
	await untilHealthy(child, `http://${local(health)}/status`, () => said);
	const answer = (path: string, parameters: Record<string, string> = {}) =>
		read(`http://${local(query)}${path}?${new URLSearchParams(parameters)}`);
	return {
		collector: `http://${local(http)}`,
		address: `http://${local(query)}`,
		ask: async (path, parameters) => JSON.parse(await answer(path, parameters)),
		page: (path) => answer(path),
		async stop() {
			child.kill("SIGTERM");
			await once(child, "exit");
		},
	};
}

async function untilHealthy(
	child: ChildProcess,
	url: string,
	said: () => string,
): Promise<void> {
	const limit = performance.now() + START_LIMIT;
	for (;;) {
		if (child.exitCode !== null || performance.now() > limit) {
			child.kill("SIGKILL");
			throw new Error(`Jaeger did not come up:\n${said()}`);
		}
		const healthy = await read(url).then(
			() => true,
			() => false,
		);
		if (healthy) return;
		await sleep(100);
	}
}

/** Keeps no connection, for which Jaeger would wait before it stops. */
async function read(url: string): Promise<string> {
	const [response] = await once(get(url, { agent: false }), "response");
	const body = await text(response);
	if (response.statusCode >= 500) throw new Error(`${url}: ${body}`);
	return body;
}

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
	const servers = Array.from({ length: count }, () =>
		createServer().listen(0, "127.0.0.1"),
	);
	return Promise.all(
		servers.map(async (server) => {
			if (!server.listening) await once(server, "listening");
			const address = server.address();
			server.close();
			await once(server, "close");
			return typeof address === "object" && address ? address.port : 0;
		}),
	);
}
