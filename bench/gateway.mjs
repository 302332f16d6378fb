// Measures what the sizing in docs/scale.md rests on: bytes and spans of a request on the wire, and the CPU that a
// gateway and a sampler need for a span, each with its configuration of otel/scale; and what that comes to for a fleet.
// `node bench/gateway.mjs --help` tells the options. It needs Go and Linux.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse } from "yaml";
import { agent, reusedRequest, writerTo } from "./agent-parts.mjs";
import { loadSource } from "./load-source.mjs";
import { figure, markdownTable } from "./markdown.mjs";
import { readOptions } from "./options.mjs";
import { startOtherEnds } from "./other-ends.mjs";

const options = readOptions({
	spans: ["sent to the gateway, and to the sampler", 200_000],
	puts: ["requests whose bytes are counted", 2000],
	requests: ["of the fleet, a second", 1_000_000],
	fresh: [
		"of a thousand requests of the fleet, how many are on fresh connections",
		10,
	],
	collector: ["the Collector to measure; without it one is built", ""],
});

const run = promisify(execFile);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const ends = await startOtherEnds();
const [{ startTraceService }, servers] = await Promise.all(
	["support/trace-service.ts", "real/server-process.ts"].map((file) =>
		loadSource(here(`../test/${file}`), ends.directory),
	),
);
const { configurations, freePorts, local, read, startServerProcess } = servers;

/** Spans that are sent before the next ones are encoded: no more than an agent would queue. */
const PORTION = 10_000;

const wire = {
	reused: await measureWire("reused"),
	fresh: await measureWire("fresh"),
};
show(
	["put by `https`", "spans", "bytes a span", "bytes a span, with gzip"],
	Object.entries(wire).map(([kind, { spans, bytes, gzip }]) => [
		kind,
		...[spans, bytes, gzip].map(figure),
	]),
);
const roles = await measureRoles();
show(
	["role", "µs of CPU a span", "spans a second of a core"],
	Object.entries(roles).map(([name, cpu]) => [
		name,
		figure(1e6 * cpu),
		whole(1 / cpu),
	]),
);
await showFleet();
await ends.stop();

function show(head, rows) {
	console.log(`${markdownTable(head, rows)}\n`);
}

/** @returns spans of a put, and bytes of a span without gzip and with it */
async function measureWire(kind) {
	const plain = await puts(kind, "none");
	const packed = await puts(kind, "gzip");
	return {
		spans: plain.spans / plain.requests,
		bytes: plain.bytes / plain.spans,
		gzip: packed.bytes / packed.spans,
	};
}

/** Runs puts under the agent. @returns how many, and the spans and bytes that a collector got for them */
async function puts(kind, compression) {
	let bytes = 0;
	const collector = createServer((request, response) => {
		request.on("data", ({ length }) => {
			bytes += length;
		});
		request.on("end", () => response.end());
	}).listen(0, "127.0.0.1");
	await once(collector, "listening");
	const { stderr } = await run(
		process.execPath,
		["--require", here("../dist/register.js"), here("workloads/raw.cjs"), kind],
		{
			env: {
				...ends.environment,
				BENCH_SECURE: `https://localhost:${ends.secure}`,
				BENCH_COUNT: String(options.puts),
				OTEL_LOG_LEVEL: "info",
				OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.address().port}`,
				OTEL_EXPORTER_OTLP_COMPRESSION: compression,
				CONNTRACE_FLUSH_TIMEOUT: "20000",
			},
		},
	);
	collector.close();
	const [, spans] = /(\d+) spans: \1 delivered/.exec(stderr) ?? [];
	if (!spans) throw new Error(`not all was delivered: ${stderr}`);
	// A fourth of them again before, for warmth.
	return {
		requests: options.puts + Math.ceil(options.puts / 4),
		spans: Number(spans),
		bytes,
	};
}

/** @returns by name the seconds of CPU that a span takes */
async function measureRoles() {
	const collector = options.collector || (await buildCollector());
	const next = await startTraceService(() => {});
	const onward = {
		resolver: { dns: null, static: { hostnames: [local(next.port)] } },
	};
	const gateway = {
		exporters: {
			load_balancing: onward,
			prometheus: { endpoint: "127.0.0.1:0" },
		},
	};
	const noSync = { extensions: { file_storage: { fsync: false } } };
	/** What Kafka gets goes to the same place here, as a gateway sends it. */
	const sampler = {
		service: { pipelines: { traces: { exporters: ["load_balancing"] } } },
		processors: { tail_sampling: { decision_wait: "2s" } },
		exporters: {
			load_balancing: {
				...onward,
				protocol: { otlp: { tls: { insecure: true } } },
			},
		},
	};
	const measured = {
		gateway: await measure(collector, "gateway", [gateway]),
		"gateway, from agents with gzip": await measure(
			collector,
			"gateway",
			[gateway],
			"gzip",
		),
		"gateway, without `fsync`": await measure(collector, "gateway", [
			gateway,
			noSync,
		]),
		sampler: await measure(collector, "sampler", [sampler]),
	};
	await next.close();
	return measured;
}

/** What these figures come to, by how many of the plain requests on reused connections the agents keep. */
async function showFleet() {
	const { tail_sampling } = parse(
		await readFile(here("../otel/scale/sampler.yaml"), "utf8"),
	).processors;
	const wait = Number.parseInt(tail_sampling.decision_wait, 10);
	const share =
		tail_sampling.policies.at(-1).probabilistic.sampling_percentage / 100;
	const fresh = (options.requests * options.fresh) / 1000;
	const rows = [1, 0.1, 0.01].map((ratio) => {
		const reused = (options.requests - fresh) * ratio;
		const spans = reused + fresh * wire.fresh.spans;
		const bytes =
			reused * wire.reused.gzip + fresh * wire.fresh.spans * wire.fresh.gzip;
		return [
			String(ratio),
			whole(spans),
			figure((bytes * 8) / 1e6),
			figure(spans * roles["gateway, from agents with gzip"]),
			figure(spans * roles.sampler),
			whole((reused + fresh) * wait),
			whole(reused * share + fresh * wire.fresh.spans),
		];
	});
	show(
		[
			"`CONNTRACE_REUSED_RATIO`",
			"spans a second",
			"Mbit/s, with gzip",
			"cores of gateways",
			"cores of samplers",
			"traces that wait",
			"spans kept a second",
		],
		rows,
	);
}

function whole(value) {
	return Math.round(value).toLocaleString("en");
}

/** Sends reused requests to a role. @returns seconds of its CPU for each */
async function measure(collector, role, differences, compression = "none") {
	const [port, health] = await freePorts(2);
	const addresses = {
		service: { telemetry: { metrics: { level: "none" } } },
		extensions: {
			health_check: { endpoint: local(health) },
			file_storage: { directory: join(ends.directory, role) },
		},
		receivers: {
			otlp: {
				protocols: {
					grpc: { endpoint: "127.0.0.1:0" },
					http: { endpoint: local(port) },
				},
			},
		},
	};
	const { pid, stop } = await startServerProcess(
		role,
		[
			collector,
			...configurations(
				[here(`../otel/scale/${role}.yaml`)],
				addresses,
				...differences,
			),
		],
		() => read(`http://${local(health)}/`),
	);
	const before = await cpuOf(pid);
	await send(`http://${local(port)}`, compression);
	// Until nothing waits in it any more.
	let cpu = 0;
	for (let idle = 0; idle < 4; ) {
		await sleep(2000);
		const now = await cpuOf(pid);
		idle = now - before - cpu < 0.05 ? idle + 1 : 0;
		cpu = now - before;
	}
	await stop();
	return cpu / options.spans;
}

async function send(endpoint, compression) {
	const pipeline = new agent.ExportPipeline({
		configuration: {
			collector: agent.readCollectorSettings(
				new agent.Variables({
					OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
					OTEL_EXPORTER_OTLP_COMPRESSION: compression,
				}),
			),
			file: undefined,
		},
		resource: agent.createResource({ "service.name": "bench" }),
		leaveUntraced: () => {},
		unseen: (run) => run(),
		faults: {
			guard: (run) => run(),
			take(error) {
				throw error;
			},
		},
	});
	const writer = writerTo((span) => pipeline.write(span));
	for (let sent = 0; sent < options.spans; ) {
		for (let more = 0; more < PORTION && sent < options.spans; more++, sent++)
			writer.requestEnded(reusedRequest());
		await pipeline.flush(60_000);
	}
	const [{ ledger }] = pipeline.outputs;
	if (ledger.delivered !== options.spans)
		throw new Error(`${ledger.delivered} of ${options.spans} spans taken`);
}

/** Seconds that a process has used so far. */
async function cpuOf(pid) {
	const TICKS_A_SECOND = 100;
	const [user, system] = (await readFile(`/proc/${pid}/stat`, "utf8"))
		.split(") ")[1]
		.split(" ")
		.slice(11, 13);
	return (Number(user) + Number(system)) / TICKS_A_SECOND;
}

async function buildCollector() {
	const file = join(ends.directory, "collector");
	console.error("Building a Collector from its Go modules ...");
	await run("go", ["build", "-o", file, "."], {
		cwd: here("../test/real/collector"),
	});
	return file;
}
