// Measures what the Lambda layer adds to a function that puts into DynamoDB, next to OpenTelemetry set up by hand and
// to nothing, in interleaved runs under AWS's runtime client: `node bench/lambda.mjs --help` (after `npm run layer`; its peer: `npm install` in bench/).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { unzipSync, zipSync } from "fflate";
import { installRuntimeClients } from "../scripts/install-runtime-clients.mjs";
import { difference, interleave } from "./interleave.mjs";
import { loadSource } from "./load-source.mjs";
import { markdownTable } from "./markdown.mjs";
import { COMMON, readOptions } from "./options.mjs";
import { startOtherEnds } from "./other-ends.mjs";
import { median } from "./statistics.mjs";

const options = readOptions({
	runs: ["interleaved runs of each row", 15],
	invocations: ["warm invocations of each run", 100],
	...COMMON,
});

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const CLIENTS = here("../test/lambda/runtime-clients");
const PEER = here("peers/lambda-opentelemetry.cjs");
const WARM_UP = 10;

installRuntimeClients();
const ends = await startOtherEnds();
const { directory } = ends;
const { LambdaService } = await loadSource(
	here("../test/support/lambda-service.ts"),
	directory,
);
const { wrapper, zipSize } = await unpackLayer();
const peerSize = await sizeOfPeer();
const handler = await bundleHandler();

const ROWS = {
	"nothing again (control)": {},
	conntrace: { wrapper, exports: true },
	"OpenTelemetry by hand": { preload: PEER, exports: true },
};

/** One environment: its cold start and its warm invocations. */
async function run({ wrapper, preload, exports }, name) {
	await ends.forget();
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
				...ends.environment,
				NODE_OPTIONS: `--require ${CLIENTS}/native-client.cjs${preload ? ` --require ${preload}` : ""}`,
				_HANDLER: "index.handler",
				LAMBDA_TASK_ROOT: handler,
				AWS_LAMBDA_RUNTIME_API: service.address,
				AWS_LAMBDA_FUNCTION_NAME: "put-event",
				AWS_LAMBDA_FUNCTION_VERSION: "1",
				AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
				AWS_LAMBDA_LOG_GROUP_NAME: "group",
				AWS_LAMBDA_LOG_STREAM_NAME: "stream",
				BENCH_SECURE: `https://localhost:${ends.secure}`,
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
	for (let count = 0; count < WARM_UP + options.invocations; count++) {
		const { duration, body } = await service.invoke({});
		if (body !== "200") throw new Error(`the function answered ${body}`);
		await service.whenIdle();
		if (count >= WARM_UP) durations.push(duration);
	}
	const memory = await memoryOf(child.pid);
	const cpu =
		((await cpuOf(child.pid)) - initCpu) / (WARM_UP + options.invocations);
	child.kill("SIGKILL");
	await once(child, "close");
	service.close();
	if (exports) await ends.expectSpans(name, options.invocations);
	return { init, initCpu, response: median(durations), cpu, memory };
}

/** What each is called, its unit and the digits that mean something. */
const FIGURES = {
	initCpu: ["init, CPU", "ms", 0],
	init: ["init, wall clock", "ms", 0],
	response: ["warm response", "ms", 2],
	cpu: ["CPU per warm invocation", "ms", 2],
	memory: ["memory (RSS)", "MiB", 1],
};

const { plain, measured } = await interleave("Lambda", options.runs, ROWS, run);
await ends.stop();
if (options.json)
	await writeFile(
		options.json,
		JSON.stringify({ plain, measured }, null, "\t"),
	);

const names = Object.keys(ROWS);
console.log(
	markdownTable(
		["added", ...names],
		Object.entries(FIGURES).map(([key, [figure, unit, digits]]) => [
			figure,
			...names.map((name) => {
				const only = (runs) => runs.map((figures) => figures[key]);
				const { added, interval } = difference(
					only(plain),
					only(measured[name]),
				);
				const [from, to] = interval.map((bound) => bound.toFixed(digits));
				return `${added.toFixed(digits)} ${unit} (${from} to ${to})`;
			}),
		]),
	),
);
console.log(
	`zip: conntrace ${(zipSize / 1024).toFixed(0)} KiB, OpenTelemetry by hand, bundled and minified, ${(peerSize / 1024).toFixed(0)} KiB`,
);

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
					endpoint: process.env.BENCH_SECURE,
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
