// Makes a request over HTTP/2 by each way to come by its module, and says first whether that was loaded before.
import { createRequire } from "node:module";
import { promisify } from "node:util";

const origin = process.argv[2];
console.log(
	process.moduleLoadList.some((name) => name.includes("internal/http2")),
);
const { connect } = await import("node:http2");
const required = createRequire(import.meta.url)("http2");

async function get(session) {
	const stream = session.request({ ":path": "/" });
	stream.resume();
	await new Promise((resolve) => stream.on("close", resolve));
	await new Promise((resolve) => session.close(resolve));
}

await get(connect(origin));
await get(required.connect(origin));
await get(await promisify(connect)(origin));
