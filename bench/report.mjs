// How fast `conntrace report` reads a file of OTLP JSON lines, and the memory that it takes at most.
//
//   npm run build && node bench/report.mjs [--megabytes 1000]
//
// Two files: one in 50 requests fresh, and all fresh (of which the most has to be kept). Each is read for the terminal,
// and for the HTML report.
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

const {
	values: { megabytes },
} = parseArgs({ options: { megabytes: { type: "string", default: "1000" } } });

const folder = mkdtempSync(join(tmpdir(), "conntrace-bench-"));
try {
	// Says the peak of the resident memory, in kB, when the process ends.
	const peak = join(folder, "peak.cjs");
	writeFileSync(
		peak,
		'process.on("exit", () => console.error("peak", process.resourceUsage().maxRSS));',
	);
	const rows = [];
	for (const freshShare of [0.02, 1]) {
		const file = join(folder, `${freshShare}.jsonl`);
		const spans = await writeSpans(file, Number(megabytes) * 1e6, freshShare);
		for (const output of [[], ["--html", join(folder, "report.html")]]) {
			const begin = performance.now();
			const { status, stderr } = spawnSync(
				process.execPath,
				["-r", peak, "dist/cli.js", "report", file, ...output],
				{ encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] },
			);
			if (status !== 0) throw new Error(stderr);
			const seconds = (performance.now() - begin) / 1000;
			rows.push({
				fresh: `${100 * freshShare} %`,
				output: output.length > 0 ? "HTML" : "terminal",
				seconds: Number(seconds.toFixed(1)),
				"MB/s": Math.round(megabytes / seconds),
				"spans/s": Math.round(spans / seconds),
				"peak MB": Math.round(
					(Number(/peak (\d+)/.exec(stderr)?.[1]) * 1024) / 1e6,
				),
			});
		}
	}
	console.log(`Node ${process.version}, ${megabytes} MB per file`);
	console.table(rows);
} finally {
	rmSync(folder, { recursive: true });
}

/** Writes spans as the agent does for DynamoDB puts. @returns how many */
async function writeSpans(file, bytes, freshShare) {
	const output = createWriteStream(file);
	const state = { time: 1_760_000_000_000, connection: 0, number: 0, spans: 0 };
	for (let written = 0; written < bytes; ) {
		const line = `${JSON.stringify(batch(state, freshShare))}\n`;
		written += line.length;
		if (!output.write(line)) await once(output, "drain");
	}
	output.end();
	await once(output, "close");
	return state.spans;
}

function batch(state, freshShare) {
	const spans = Array.from({ length: 100 }, () =>
		request(state, freshShare),
	).flat();
	state.spans += spans.length;
	return {
		resourceSpans: [
			{
				resource: { attributes: attributes({ "service.name": "bench" }) },
				scopeSpans: [{ scope: { name: "conntrace" }, spans }],
			},
		],
	};
}

function request(state, freshShare) {
	const fresh = state.connection === 0 || Math.random() < freshShare;
	if (fresh) state.connection += 1;
	state.number = fresh ? 1 : state.number + 1;
	state.time += 1 + Math.random() * 3;
	const traceId = hex(32);
	const spanId = hex(16);
	const setup = hex(16);
	const duration = (fresh ? 20 : 1) * (1 + Math.random());
	const id = `a1b2c3d4e5f6-${state.connection}`;
	const server = {
		"server.address": "dynamodb.us-east-1.amazonaws.com",
		"server.port": 443,
	};
	const span = (name, parentSpanId, ownId, offset, length, values) => ({
		traceId,
		spanId: ownId,
		parentSpanId,
		name,
		kind: parentSpanId ? 1 : 3,
		startTimeUnixNano: nanoseconds(state.time + offset),
		endTimeUnixNano: nanoseconds(state.time + offset + length),
		attributes: attributes(values),
		droppedAttributesCount: 0,
		events: [],
		droppedEventsCount: 0,
		status: { code: 0 },
		links: [],
		droppedLinksCount: 0,
		flags: 257,
	});
	const put = span("DynamoDB.PutItem", "", spanId, 0, duration, {
		"http.request.method": "POST",
		"url.full": "https://dynamodb.us-east-1.amazonaws.com/",
		...server,
		"network.protocol.version": "1.1",
		"http.response.status_code": 200,
		"network.peer.address": "10.1.2.3",
		"network.peer.port": 443,
		"network.local.port": 50000,
		"conntrace.connection.id": id,
		"conntrace.connection.reused": !fresh,
		"conntrace.connection.request_number": state.number,
		"conntrace.ttfb_ms": duration / 2,
		"rpc.system.name": "aws-api",
		"rpc.method": "DynamoDB/PutItem",
		"db.system.name": "aws.dynamodb",
		"db.operation.name": "PutItem",
		"db.collection.name": "keepalive-test",
		"aws.request_id": hex(52),
		"cloud.region": "us-east-1",
		"conntrace.aws.invocation_id": hex(32),
		"conntrace.aws.attempt": 1,
		...(fresh
			? {
					"conntrace.connection.setup_ms": 15.5,
					"conntrace.dns.lookup_ms": 2.5,
					"conntrace.tcp.connect_ms": 3.5,
					"conntrace.tls.handshake_ms": 9.5,
					"conntrace.connection.reason": "peer_closed_idle",
					"conntrace.connection.reason_detail": `idle ${Math.floor(Math.random() * 1e5)} ms, closed by the server`,
					"conntrace.connection.previous_id": `a1b2c3d4e5f6-${state.connection - 1}`,
				}
			: {
					"conntrace.connection.age_ms": state.number * 3.5,
					"conntrace.connection.idle_ms": 1.5,
				}),
	});
	if (!fresh) return [put];
	return [
		put,
		span("connection.setup", spanId, setup, 0, 15.5, {
			"conntrace.connection.id": id,
			"conntrace.connection.reason": "peer_closed_idle",
			...server,
		}),
		span("dns.lookup", setup, hex(16), 0, 2.5, {
			"dns.question.name": server["server.address"],
		}),
		span("tcp.connect", setup, hex(16), 2.5, 3.5, {
			"network.peer.address": "10.1.2.3",
			"network.peer.port": 443,
		}),
		span("tls.handshake", setup, hex(16), 6, 9.5, {
			"tls.protocol.version": "1.3",
		}),
	];
}

function attributes(values) {
	return Object.entries(values).map(([key, value]) => ({
		key,
		value:
			typeof value === "string"
				? { stringValue: value }
				: typeof value === "boolean"
					? { boolValue: value }
					: Number.isInteger(value)
						? { intValue: String(value) }
						: { doubleValue: value },
	}));
}

function nanoseconds(milliseconds) {
	return `${BigInt(Math.round(milliseconds * 1000))}000`;
}

function hex(digits) {
	let text = "";
	while (text.length < digits) {
		text += Math.floor(Math.random() * 2 ** 32)
			.toString(16)
			.padStart(8, "0");
	}
	return text.slice(0, digits);
}
