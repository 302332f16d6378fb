// Runs the function whose source is the first argument; see test/support/scenario.ts for what it is given.
const diagnostics = require("node:diagnostics_channel");
const dns = require("node:dns");
const http = require("node:http");
const https = require("node:https");
const net = require("node:net");
const tls = require("node:tls");
const { setTimeout: sleep } = require("node:timers/promises");

const [source, target] = process.argv.slice(2);
const { origin, port, values } = JSON.parse(target);

/** The way to a package from here; a scenario stands in no file. */
const load = (specifier) => import(specifier);

function report(value) {
	console.log(JSON.stringify(value));
}

function once(emitter, event) {
	return new Promise((resolve) =>
		emitter.once(event, (...values) => resolve(values)),
	);
}

function request(path, options = {}) {
	const client = origin.startsWith("https") ? https : http;
	return client.request(origin + path, options);
}

/** Settles when the response has ended, so that its connection is back in its pool. */
function read(request) {
	return new Promise((resolve, reject) => {
		request.on("error", reject);
		request.on("response", (response) => {
			let body = "";
			response.on("data", (chunk) => {
				body += chunk.toString("latin1");
			});
			response.on("error", reject);
			response.on("end", () => {
				const answer = {
					connection: Number(response.headers["x-connection"]),
					number: Number(response.headers["x-request"]),
					status: response.statusCode,
					length: body.length,
				};
				// The agent takes the connection back in a later turn.
				setImmediate(resolve, answer);
			});
		});
	});
}

async function get(path, options) {
	const sent = request(path, options);
	sent.end();
	return read(sent);
}

/** Settles when the stream of an HTTP/2 request is closed. */
function answered(stream) {
	return new Promise((resolve, reject) => {
		const answer = { status: 0, length: 0 };
		stream.on("error", reject);
		stream.on("response", (headers) => {
			answer.status = headers[":status"];
			answer.connection = Number(headers["x-connection"]);
			answer.number = Number(headers["x-request"]);
		});
		stream.on("data", (chunk) => {
			answer.length += chunk.length;
		});
		stream.on("close", () => resolve(answer));
	});
}

/** A copy of undici from npm, or nothing where the built-in fetch is tested. */
const undici = values?.undici && require(values.undici);

/** Settles when the response has ended and undici has taken its connection back. */
async function fetchAnswer(path, options) {
	const response = await (undici ?? globalThis).fetch(origin + path, options);
	const body = await response.arrayBuffer();
	await settle();
	return {
		connection: Number(response.headers.get("x-connection")),
		number: Number(response.headers.get("x-request")),
		status: response.status,
		length: body.byteLength,
	};
}

/** undici gives a connection to a new request one turn after its response, or two. */
async function settle() {
	for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
}

function occupyThread() {
	require("node:crypto").pbkdf2("p", "s", 300_000, 64, "sha512", () => {});
}

/**
 * Runs what makes undici give up a request, until it has done what it does then: versions 6 and 7 connect again at
 * once, for nobody.
 */
async function givingUp(action) {
	const version = values?.undici ?? `undici-${process.versions.undici}`;
	const connected = new Promise((resolve) =>
		diagnostics.subscribe("undici:client:connected", resolve),
	);
	await action();
	await (/^undici-[67]/.test(version) ? connected : sleep(50));
	await settle();
}

/** Counts by kind how many of the objects that are registered get collected; needs `--expose-gc`. */
function watchCollection() {
	const counts = {};
	const registry = new FinalizationRegistry((kind) => {
		counts[kind] += 1;
	});
	return {
		register(kind, made) {
			counts[kind] ??= 0;
			registry.register(made, kind);
		},
		async collected() {
			for (let round = 1; round <= 5; round++) {
				await sleep(10);
				globalThis.gc();
			}
			return counts;
		},
	};
}

// biome-ignore lint/security/noGlobalEval: the tests write the programs
const scenario = eval(`(${source})`);
scenario({
	dns,
	http,
	https,
	// Loaded only by programs that use it.
	get http2() {
		return require("node:http2");
	},
	net,
	tls,
	client: origin.startsWith("https") ? https : http,
	origin,
	port,
	values,
	load,
	sleep,
	once,
	report,
	request,
	read,
	get,
	answered,
	diagnostics,
	undici,
	fetchAnswer,
	settle,
	occupyThread,
	givingUp,
	watchCollection,
});
