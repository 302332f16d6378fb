// Makes requests inside spans of its own. The arguments: the origin, and the file of its OpenTelemetry unless that is
// preloaded.
const [origin, setup] = process.argv.slice(2);
if (setup) require(setup);

const dns = require("node:dns");
const https = require("node:https");
const net = require("node:net");

const { context, trace } = globalThis.ownOpenTelemetry;
const tracer = trace.getTracer("program");
const agent = new https.Agent({ keepAlive: true });

function within(name, act) {
	return tracer.startActiveSpan(name, async (span) => {
		await act();
		span.setAttribute("active", trace.getSpan(context.active()) === span);
		span.end();
	});
}

function get(path) {
	return new Promise((resolve, reject) => {
		https
			.get(origin + path, { agent }, (response) => {
				response.resume();
				response.on("end", () => setImmediate(resolve));
			})
			.on("error", reject);
	});
}

async function main() {
	await within("first", () => get("/first"));
	await within("second", async () => {
		await get("/second");
		await within("inner", () => get("/inner"));
	});
	await within("together", () => Promise.all([get("/a"), get("/b")]));
	await within("lookup", () => dns.promises.lookup("localhost"));
	await within("refused", async () => {
		const socket = net.connect(1, "127.0.0.1");
		await new Promise((resolve) => socket.on("error", resolve));
	});
	await get("/outside");
	agent.destroy();
}

main();
