// Makes calls of every kind, many at a time, and says now and then what it holds in memory when nothing is under way.
// The argument is JSON: the ports of the servers, their certificate, how many calls, after how many it says so, and
// how many usual calls there are to each of another kind.
const dns = require("node:dns");
const http = require("node:http");
const http2 = require("node:http2");
const https = require("node:https");
const net = require("node:net");
const { Duplex } = require("node:stream");
const { setTimeout: sleep } = require("node:timers/promises");
const undici = require("undici-7");

const { ports, certificate, calls, every, usual } = JSON.parse(process.argv[2]);

const AT_ONCE = 32;
/** The servers have closed by then what nobody uses any more. */
const QUIET_MS = 1500;

const toLoopback = (_, options, done) =>
	options.all
		? done(null, [{ address: "127.0.0.1", family: 4 }])
		: done(null, "127.0.0.1", 4);

/** What calls of all kinds share, until nothing is under way: then it is made anew. */
let shared;

function open() {
	shared = {
		plain: new http.Agent({
			keepAlive: true,
			maxSockets: 8,
			maxFreeSockets: 2,
		}),
		secure: new https.Agent({
			keepAlive: true,
			maxSockets: 4,
			maxFreeSockets: 2,
			ca: certificate,
		}),
		undici: new undici.Agent({ connections: 4 }),
		session: undefined,
	};
}

async function close() {
	shared.plain.destroy();
	shared.secure.destroy();
	shared.session?.close();
	await shared.undici.destroy();
}

function session() {
	if (!shared.session || shared.session.destroyed || shared.session.closed) {
		shared.session = http2.connect(`http://localhost:${ports.http2}`);
		shared.session.on("error", () => {});
	}
	return shared.session;
}

/** Settles when the request is over, however it ends. */
function over(request, onResponse = (response) => response.resume?.()) {
	request.on("error", () => {});
	request.on("response", onResponse);
	return new Promise((resolve) => request.on("close", resolve));
}

const plain = (path, options) =>
	http.get({
		port: ports.plain,
		host: "localhost",
		path,
		agent: shared.plain,
		...options,
	});
const secure = (options) =>
	https.get({
		port: ports.secure,
		host: "localhost",
		agent: shared.secure,
		...options,
	});

/** A host that no other call has named. */
const host = (call) => `host-${call}.test`;

async function fetched(path, options) {
	try {
		await (
			await undici.fetch(`http://localhost:${ports.plain}${path}`, {
				dispatcher: shared.undici,
				...options,
			})
		).text();
	} catch {
		// It was meant to fail.
	}
}

function refused(start) {
	try {
		start();
	} catch {
		return;
	}
	throw new Error("it was meant to be refused");
}

/** On connections that are kept, as long as no call of another kind breaks them. */
const USUAL = [
	() => over(plain("/")),
	() => over(secure()),
	() => fetched("/"),
	() => over(session().request({ ":path": "/" }).resume()),
];

const KINDS = [
	() => over(plain("/close")),
	() => over(plain("/ends")),
	() => over(plain("/drop")),
	() => over(plain("/reset")),
	() => over(plain("/fails")),
	() =>
		over(
			plain("/never", { timeout: 20 }).on("timeout", function () {
				this.destroy();
			}),
		),
	() =>
		over(
			plain("/never").on("socket", function () {
				setImmediate(() => this.destroy());
			}),
		),
	() => over(plain("/large"), (response) => response.destroy()),
	() => over(plain("/", { agent: false })),
	() => over(http.get({ port: ports.refusing, host: "localhost" })),
	// A client per call, and a host.
	async (call) => {
		const agent = new http.Agent({ keepAlive: true });
		await over(plain("/", { agent, host: host(call), lookup: toLoopback }));
		if (call % 2) agent.destroy();
	},
	(call) =>
		over(
			secure({
				agent: new https.Agent({ keepAlive: true, ca: certificate }),
				host: host(call),
				lookup: toLoopback,
				servername: "localhost",
			}),
		),
	async (call) => {
		const client = new undici.Client(`http://${host(call)}:${ports.plain}`, {
			connect: { lookup: toLoopback },
		});
		await (await client.request({ path: "/", method: "GET" })).body.dump();
		await (call % 2 ? client.close() : client.destroy());
	},
	// Undici and the built-in fetch.
	() => fetched("/close"),
	() => fetched("/drop"),
	() => fetched("/never", { signal: AbortSignal.timeout(20) }),
	async () =>
		void (await (await fetch(`http://localhost:${ports.plain}/`)).text()),
	// HTTP/2.
	() => {
		const stream = session().request({ ":path": "/never" });
		setImmediate(() => stream.close(http2.constants.NGHTTP2_CANCEL));
		return over(stream);
	},
	async (call) => {
		const own = http2.connect(`http://${host(call)}:${ports.http2}`, {
			lookup: toLoopback,
		});
		await over(own.request({ ":path": "/" }).resume());
		own.close();
	},
	// Sockets of the program, and what Node refuses.
	async (call) => {
		const socket = net.connect({
			port: call % 2 ? ports.plain : ports.refusing,
			host: host(call),
			lookup: toLoopback,
		});
		socket.on("connect", () => socket.destroy()).on("error", () => {});
		await new Promise((resolve) => socket.on("close", resolve));
	},
	async (call) => {
		const socket = net.connect({
			port: ports.refusing,
			host: host(call),
			lookup: (_, __, done) => done(new Error("no such host")),
		});
		socket.on("error", () => {});
		await new Promise((resolve) => socket.on("close", resolve));
	},
	async () => {
		const agent = new http.Agent();
		agent.createConnection = () => {
			throw new Error("refused");
		};
		refused(() => plain("/", { agent }));
	},
	async () => void (await dns.promises.lookup("localhost")),
	// A stream of the program in place of a socket: one that answers, and one that is given up.
	() => {
		const stream = new Duplex({ read() {}, write: (_, __, done) => done() });
		setImmediate(() => {
			stream.push("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
			stream.push(null);
		});
		return over(
			http.get({ host: "localhost", createConnection: () => stream }),
		);
	},
	(call) => {
		const stream = new Duplex({ read() {}, write: (_, __, done) => done() });
		const request = http.get({
			host: host(call),
			createConnection: () => stream,
		});
		setImmediate(() => request.destroy());
		return over(request);
	},
];

function make(call) {
	const kind =
		call % (usual + 1) === 0
			? KINDS[(call / (usual + 1)) % KINDS.length]
			: USUAL[call % USUAL.length];
	return kind(call);
}

async function run() {
	let next = 0;
	open();
	await tell(0);
	while (next < calls) {
		const end = Math.min(next + every, calls);
		await Promise.all(
			Array.from({ length: AT_ONCE }, async () => {
				while (next < end) {
					await make(next++);
				}
			}),
		);
		await close();
		await sleep(QUIET_MS);
		await tell(next);
		open();
	}
	await close();
}

async function tell(done) {
	for (let round = 0; round < 3; round++) {
		global.gc();
		await sleep(50);
	}
	const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
	process.send({
		calls: done,
		rss,
		heapUsed,
		external,
		arrayBuffers,
		live: globalThis.conntraceLive?.(),
	});
}

run().finally(() => process.disconnect());
