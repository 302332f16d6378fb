import { spawn } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

/** A server in a process of its own. */
export interface ServerProcess {
	readonly pid: number | undefined;
	/** What it wrote to its standard error and output. */
	said(): string;
	/** Resolves when it has ended. */
	stop(signal?: NodeJS.Signals): Promise<void>;
}

const START_LIMIT = 60_000;

export const local = (port: number | undefined) => `127.0.0.1:${port}`;

/**
 * @param isUp throws or rejects as long as it is not up
 * @throws with what the server said if it does not come up.
 */
export async function startServerProcess(
	name: string,
	command: readonly [string, ...string[]],
	isUp: () => Promise<unknown>,
	environment: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
	const [program, ...args] = command;
	const child = spawn(program, args, {
		stdio: ["ignore", "pipe", "pipe"],
		env: { ...process.env, ...environment },
	});
	let said = "";
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding("utf8").on("data", (text: string) => {
			said += text;
		});
	}
	const ended = once(child, "exit");
	const limit = performance.now() + START_LIMIT;
	for (;;) {
		if (child.exitCode !== null || performance.now() > limit) {
			child.kill("SIGKILL");
			throw new Error(`${name} did not come up:\n${said}`);
		}
		const up = await isUp().then(
			() => true,
			() => false,
		);
		if (up) break;
		await sleep(100);
	}
	return {
		pid: child.pid,
		said: () => said,
		async stop(signal = "SIGTERM") {
			child.kill(signal);
			await ended;
		},
	};
}

/** Keeps no connection, for which a server might wait before it stops. */
export async function read(url: string): Promise<string> {
	const [response] = await once(get(url, { agent: false }), "response");
	const body = await text(response);
	if (response.statusCode >= 500) throw new Error(`${url}: ${body}`);
	return body;
}

/** Rejects if nothing listens. */
export async function reach(port: number): Promise<void> {
	const socket = connect(port, "127.0.0.1");
	await once(socket, "connect");
	socket.destroy();
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
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

/** Configurations for a Collector, files first, what differs here last. */
export function configurations(
	files: readonly string[],
	...differences: readonly object[]
): string[] {
	return [
		...files,
		...differences.map((difference) => `yaml:${JSON.stringify(difference)}`),
	].flatMap((source) => ["--config", source]);
}
