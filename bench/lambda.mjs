// Measures what the Lambda layer adds to a function that puts into DynamoDB, next to OpenTelemetry set up by hand and
// to nothing, in interleaved runs under AWS's runtime client: `node bench/lambda.mjs --help` (after `npm run layer`; its peer: `npm install` in bench/).
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import {
	chmod,
	mkdir,
	mkdtemp,
	readFile,
	rm,
	writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { build } from "esbuild";
import { unzipSync, zipSync } from "fflate";
import { installRuntimeClients } from "../scripts/install-runtime-clients.mjs";
import { interval, median } from "./statistics.mjs";

const HELP = `node bench/lambda.mjs [options]
  --runs N         interleaved runs of each row (default 15)
  --invocations N  warm invocations of each run (default 100)
  --node BINARY    the Node.js to measure under (default: this one)
  --json FILE      writes every figure`;

const { values: options } = parseArgs({
	options: {
		runs: { type: "string", default: "15" },
		invocations: { type: "string", default: "100" },
		node: { type: "string", default: process.execPath },
		json: { type: "string" },
		help: { type: "boolean" },
	},
});
if (options.help) {
	console.log(HELP);
	process.exit();
}
const [runs, invocations] = [options.runs, options.invocations].map((text) => {
	const number = Number(text);
	if (!Number.isInteger(number) || number < 1)
		throw new Error(`${text}: expected a whole number from 1`);
	return number;
});

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const CLIENTS = here("../test/lambda/runtime-clients");
const PEER = here("peers/lambda-opentelemetry.cjs");
const WARM_UP = 10;

installRuntimeClients();
const directory = await mkdtemp(join(tmpdir(), "conntrace-bench-"));
const { LambdaService } = await load("../test/support/lambda-service.ts");
const { wrapper, zipSize } = await unpackLayer();
const peerSize = await sizeOfPeer();
const handler = await bundleHandler();

const servers = fork(here("servers.mjs"));
const [{ cert, puts, collector }] = await once(servers, "message");
const certificate = join(directory, "certificate.pem");
await writeFile(certificate, cert);

const ROWS = {
	"nothing again (control)": {},
	conntrace: { wrapper, exports: true },
	"OpenTelemetry by hand": { preload: PEER, exports: true },
};

/** One environment: its cold start and its warm invocations. */
async function run({ wrapper, preload, exports }) {
	await received();
	const service = await new LambdaService().start();
	const begin = performance.now();
	const child = spawn(
		wrapper ?? options.node,
		[
			...(wrapper ? [options.node] : []),
			`${CLIENTS}/node_modules/aws-lambda-ric-4/index.mjs`,
		],
		{
			env: {
				PATH: process.env.PATH,
				NODE_OPTIONS: `--require ${CLIENTS}/native-client.cjs${preload ? ` --require ${preload}` : ""}`,
				NODE_EXTRA_CA_CERTS: certificate,
				NODE_NO_WARNINGS: "1",
				_HANDLER: "index.handler",
				LAMBDA_TASK_ROOT: handler,
				AWS_LAMBDA_RUNTIME_API: service.address,
				AWS_LAMBDA_FUNCTION_NAME: "put-event",
				AWS_LAMBDA_FUNCTION_VERSION: "1",
				AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
				AWS_LAMBDA_LOG_GROUP_NAME: "group",
				AWS_LAMBDA_LOG_STREAM_NAME: "stream",
				BENCH_ORIGIN: `https://localhost:${puts}`,
				OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector}`,
			},
			stdio: ["ignore", "inherit", "inherit"],
		},
	);
	child.on("exit", (code) => {
		if (code !== null) throw new Error(`the function ended with ${code}`);
	});
	await service.whenIdle();
	const init = performance.now() - begin;
	const initCpu = await cpuOf(child.pid);
	const durations = [];
	for (let count = 0; count < WARM_UP + invocations; count++) {
		const { duration, body } = await service.invoke({});
		if (body !== "200") throw new Error(`the function answered ${body}`);
		await service.whenIdle();
		if (count >= WARM_UP) durations.push(duration);
	}
	const memory = await memoryOf(child.pid);
	const cpu = ((await cpuOf(child.pid)) - initCpu) / (WARM_UP + invocations);
	child.kill("SIGKILL");
	await once(child, "close");
	service.close();
	const bytes = await received();
	if (exports && bytes < invocations)
		throw new Error(`no spans arrived: ${bytes} bytes`);
	return { init, initCpu, response: median(durations), cpu, memory };
}

const FIGURES = {
	init: ["init, wall clock", "ms"],
	initCpu: ["init, CPU", "ms"],
	response: ["warm response", "ms"],
	cpu: ["CPU per warm invocation", "ms"],
	memory: ["memory (RSS)", "MiB"],
};

const plain = [];
const added = Object.fromEntries(Object.keys(ROWS).map((name) => [name, []]));
for (let round = 1; round <= runs; round++) {
	if (process.stderr.isTTY)
		process.stderr.write(`\rround ${round} of ${runs} `);
	const base = await run({});
	plain.push(base);
	for (const [name, row] of Object.entries(ROWS)) {
		const figures = await run(row);
		added[name].push(
			Object.fromEntries(
				Object.keys(FIGURES).map((key) => [key, figures[key] - base[key]]),
			),
		);
	}
}
servers.kill();
await rm(directory, { recursive: true });
if (options.json)
	await writeFile(options.json, JSON.stringify({ plain, added }, null, "\t"));

const table = new Table({
	head: ["figure", "nothing", "with", "added", "95 % interval"],
	style: { head: [] },
});
for (const [key, [figure, unit]] of Object.entries(FIGURES)) {
	for (const [name, differences] of Object.entries(added)) {
		const values = differences.map((each) => each[key]);
		table.push([
			figure,
			`${median(plain.map((each) => each[key])).toFixed(2)} ${unit}`,
			name,
			`${median(values).toFixed(2)} ${unit}`,
			interval(values)
				.map((bound) => bound.toFixed(2))
				.join(" to "),
		]);
	}
}
console.log(table.toString());
console.log(
	`zip: conntrace ${(zipSize / 1024).toFixed(0)} KiB, OpenTelemetry by hand, bundled and minified, ${(peerSize / 1024).toFixed(0)} KiB`,
);

/** Bytes that the collector got since it was last asked. */
async function received() {
	const answer = once(servers, "message");
	servers.send("received?");
	return (await answer)[0].received;
}

async function load(source) {
	const outfile = join(directory, "module.mjs");
	await build({
		entryPoints: [here(source)],
		outfile,
		bundle: true,
		platform: "node",
		format: "esm",
	});
	return import(pathToFileURL(outfile));
}

async function unpackLayer() {
	const zip = await readFile(here("../dist/conntrace-layer.zip"));
	for (const [name, bytes] of Object.entries(unzipSync(zip))) {
		const file = join(directory, "opt", name);
		await mkdir(join(file, ".."), { recursive: true });
		await writeFile(file, bytes);
	}
	const wrapper = join(directory, "opt/conntrace");
	await chmod(wrapper, 0o755);
	return { wrapper, zipSize: zip.length };
}

/** The peer as one would put it into a layer. */
async function sizeOfPeer() {
	const { outputFiles } = await build({
		entryPoints: [PEER],
		bundle: true,
		minify: true,
		platform: "node",
		mainFields: ["module", "main"],
		write: false,
		logLevel: "error",
	});
	return zipSync({ "register.js": outputFiles[0].contents }, { level: 9 })
		.length;
}

async function bundleHandler() {
	const root = join(directory, "function");
	await build({
		stdin: {
			contents: `
				const { DynamoDBClient, PutItemCommand } = require("@aws-sdk/client-dynamodb");
				const client = new DynamoDBClient({
					endpoint: process.env.BENCH_ORIGIN,
					region: "eu-west-1",
					credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
				});
				exports.handler = async () => {
					const { $metadata } = await client.send(new PutItemCommand({ TableName: "keepalive-test", Item: { userId: { S: "1" } } }));
					return $metadata.httpStatusCode;
				};`,
			resolveDir: here(".."),
		},
		outfile: join(root, "index.js"),
		bundle: true,
		platform: "node",
		format: "cjs",
	});
	return root;
}

/** Milliseconds of CPU of a process so far, all threads. */
async function cpuOf(pid) {
	const stat = await readFile(`/proc/${pid}/stat`, "utf8");
	const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
	return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function memoryOf(pid) {
	const status = await readFile(`/proc/${pid}/status`, "utf8");
	return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)[1]) / 1024;
}
