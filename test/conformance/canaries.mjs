import { failureOf } from "./failure.mjs";
import { runNode } from "./program.mjs";

const SERVER = (handler) =>
	`require("net").createServer(${handler}).listen(0, "127.0.0.1", function () { const { port } = this.address();`;
const HTTP_SERVER = (handler) =>
	`require("http").createServer(${handler}).listen(0, "127.0.0.1", function () { const { port } = this.address();`;
const FAIL = 'throw new TypeError("canary");';
const IGNORED = '.on("error", () => {})';

/**
 * Programs that must fail. With a preload that swallows errors all tests would pass, but these would not fail any
 * more.
 */
const CANARIES = {
	"a throw at the start": FAIL,
	"a throw in a timer": `setTimeout(() => { ${FAIL} }, 5);`,
	"a throw in a tick": `process.nextTick(() => { ${FAIL} });`,
	"a throw at the exit": `process.on("exit", () => { ${FAIL} });`,
	"an unhandled rejection": 'Promise.reject(new TypeError("canary"));',
	"an unhandled event": `new (require("events"))().emit("error", new TypeError("canary"));`,
	"an exit code": "process.exitCode = 7;",
	"a throw in the callback of dns.lookup": `require("dns").lookup("127.0.0.1", () => { ${FAIL} });`,
	"an unhandled rejection of dns.promises.lookup": `require("dns").promises.lookup("nonexistent.invalid");`,
	"a throw in a connect callback": `${SERVER("")} require("net").connect(port, "127.0.0.1", () => { ${FAIL} }); });`,
	"a throw in a connection listener": `${SERVER(`() => { ${FAIL} }`)} require("net").connect(port, "127.0.0.1")${IGNORED}; });`,
	"a throw in a request listener": `${HTTP_SERVER(`() => { ${FAIL} }`)} require("http").get({ port, host: "127.0.0.1" })${IGNORED}; });`,
	"a throw in a response callback": `${HTTP_SERVER("(request, response) => response.end()")} require("http").get({ port, host: "127.0.0.1" }, () => { ${FAIL} }); });`,
	"an unhandled error of net": 'require("net").connect(1, "127.0.0.1");',
	"an unhandled error of tls": 'require("tls").connect(1, "127.0.0.1");',
	"an unhandled error of http":
		'require("http").get({ port: 1, host: "127.0.0.1" });',
	"an unhandled error of https":
		'require("https").get({ port: 1, host: "127.0.0.1" });',
	"an unhandled error of http2":
		'require("http2").connect("http://127.0.0.1:1");',
	"an unhandled error of fetch": 'fetch("http://127.0.0.1:1/");',
	"an unhandled error of a server": `${SERVER("")} require("net").createServer().listen(port, "127.0.0.1"); });`,
};

/**
 * Runs each with and without the preload.
 * @param {Omit<import("./judge.mjs").How, "control">} how
 * @returns {Promise<string[]>} a line for each that does not fail in the same way
 */
export async function runCanaries({ node, preload, environment }) {
	const differences = [];
	for (const [name, program] of Object.entries(CANARIES)) {
		const [alone, loaded] = await Promise.all(
			[[], preload].map(async (early) => {
				const arguments_ = [...early, "--eval", program];
				const run = { node, arguments: arguments_, environment };
				return failureOf(await runNode(run))?.replace(/:\d{4,5}\b/g, "");
			}),
		);
		if (alone === undefined) throw new Error(`${name} does not fail`);
		if (alone !== loaded)
			differences.push(`${name}: ${loaded ?? "no failure"}, alone ${alone}`);
	}
	return differences;
}
