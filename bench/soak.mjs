// A million calls of every kind, with connections coming and going: what the process holds in memory at the begin and
// at the end, with the agent and without it at the same time. `node bench/soak.mjs [calls]`
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildCountedAgent } from "./soak/counted-agent.mjs";

const calls = Number(process.argv[2] ?? 1_000_000);
const PARTS = 10;
/** Usual calls to each of another kind. */
const USUAL = 2;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const directory = await mkdtemp(join(tmpdir(), "conntrace-soak-"));
const agent = join(directory, "agent.cjs");
await buildCountedAgent(agent);
const servers = fork(here("soak/servers.mjs"));
const [{ certificate, ports }] = await once(servers, "message");

/** @returns what the process said of its memory, first and last */
async function soak(name, nodeOptions) {
	const every = Math.ceil(calls / PARTS);
	const child = fork(
		here("soak/program.cjs"),
		[JSON.stringify({ ports, certificate, calls, every, usual: USUAL })],
		{
			execArgv: [
				"--expose-gc",
				"--disable-warning=ExperimentalWarning",
				...nodeOptions,
			],
			env: {
				...process.env,
				OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${ports.collector}`,
				OTEL_LOG_LEVEL: "info",
				CONNTRACE_FLUSH_TIMEOUT: "20000",
			},
		},
	);
	const begin = performance.now();
	const told = [];
	child.on("message", (message) => {
		told.push(message);
		const { calls: done, rss, heapUsed, external } = message;
		const seconds = (performance.now() - begin) / 1000;
		console.log(
			`${name}: ${done} calls in ${seconds.toFixed(0)} s, resident ${mib(rss)}, heap ${mib(heapUsed)}, external ${mib(external)}`,
		);
	});
	await once(child, "exit");
	return told;
}

const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const [, traced] = await Promise.all([
	soak("without the agent", []),
	soak("with the agent", ["-r", agent]),
]);
console.table(
	Object.fromEntries(
		Object.keys(traced.at(-1).live).map((name) => [
			name,
			Object.fromEntries(
				traced.map(({ calls: done, live }) => [done, live[name] ?? 0]),
			),
		]),
	),
);
servers.disconnect();
await rm(directory, { recursive: true });
