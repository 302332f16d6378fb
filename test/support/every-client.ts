import { resolve } from "node:path";
import { inject } from "vitest";
import { CREDENTIALS } from "./dynamodb.js";
import { startHttp2Server } from "./http2-server.js";
import { type RunOptions, runProgram } from "./run-program.js";
import { startServer, startSilentServer } from "./server.js";

/** Runs test/programs/every-client.cjs: two SDKs, fetch, HTTP/2 and bare sockets side by side, twelve calls of each. */
export async function runEveryClient(
	options: RunOptions = {},
	...more: string[]
) {
	const certificate = inject("certificate");
	const [first, second, silent] = await Promise.all([
		startServer({
			certificate,
			handler: (_, response) => {
				response.setHeader("content-type", "application/x-amz-json-1.0");
				response.end("{}");
			},
		}),
		startHttp2Server({ certificate }),
		startSilentServer(),
	]);
	const run = await runProgram(resolve("test/programs/every-client.cjs"), {
		...options,
		arguments: [first.origin, second.origin, String(silent.port), ...more],
		environment: {
			AWS_REGION: "eu-west-1",
			AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
			AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
			NODE_NO_WARNINGS: "1",
		},
	});
	const servers = [first, second, silent] as const;
	await Promise.all(servers.map((server) => server.close()));
	return { run, servers, silent };
}
