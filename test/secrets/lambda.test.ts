import { readFile } from "node:fs/promises";
import { describe, expect, inject } from "vitest";
import { invocationsOf, until } from "../support/lambda.js";
import type {
	LambdaFunction,
	RuntimeClient,
} from "../support/lambda-function.js";
import { readSpans, requestsOf, type Span } from "../support/spans.js";
import { expectClean, test, type World } from "./world.js";

/** What every function begins with: it can send on all that it knows, and fail with it. */
const SENDING = `
const http = require("node:http");
const https = require("node:https");
const { SERVERS, SECRETS, AWS_SESSION_TOKEN, AWS_SECRET_ACCESS_KEY } = process.env;
const secrets = JSON.parse(SECRETS);
const send = (origin, path, agent) => new Promise((resolve) => {
	const client = origin.startsWith("https:") ? https : http;
	client.request(origin + path + "?token=" + encodeURIComponent(secrets.query), {
		agent,
		method: "POST",
		headers: {
			authorization: "Bearer " + secrets.authorization,
			cookie: "session=" + secrets.cookie,
			"x-amz-security-token": AWS_SESSION_TOKEN,
			"x-amz-target": secrets.header,
			"x-amzn-trace-id": process.env._X_AMZN_TRACE_ID ?? "",
		},
	}, (response) => response.on("error", () => {}).resume())
		.on("error", () => {})
		.on("close", resolve)
		.end(AWS_SECRET_ACCESS_KEY);
});
const failure = () => Object.assign(new Error(secrets.errorMessage), {
	// Nothing that JSON would have to quote.
	name: "Error " + secrets.errorMessage.replaceAll(/\\W/g, ""),
	code: "E " + secrets.errorMessage,
});
const sendAll = async () => {
	for (const origin of JSON.parse(SERVERS))
		for (const path of ["/", "/", "/status/503", "/drop"]) await send(origin, path);
};
`;

/** Sends on what it knows, answers with what it was told, and fails as it is asked to. */
const HANDLER = `${SENDING}
const answer = (event, { clientContext, identity }) => JSON.stringify({
	event, clientContext, identity, trace: process.env._X_AMZN_TRACE_ID, result: secrets.result,
});
exports.whole = async (event, context) => {
	await sendAll();
	if (event.fails === "error") throw failure();
	if (event.fails === "text") throw secrets.errorMessage;
	return answer(event, context);
};
exports.endless = async () => {
	await sendAll();
	await send(JSON.parse(SERVERS)[0], "/never");
};
exports.streamed = awslambda.streamifyResponse(async (event, stream, context) => {
	await sendAll();
	stream.write(answer(event, context));
	if (event.fails === "error") throw failure();
	if (event.fails === "text") throw secrets.errorMessage;
	stream.end();
});
`;

/** Functions that cannot be loaded, by how they fail. */
const UNLOADABLE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
	"by an error": {
		"index.mjs": `${asModule(SENDING)}
			await sendAll();
			throw failure();`,
	},
	"by a text that is thrown": {
		"index.mjs": `${asModule(SENDING)}
			await sendAll();
			throw secrets.errorMessage;`,
	},
	"by an error that nobody catches, with requests under way": {
		"index.js": `${SENDING}
			send(JSON.parse(SERVERS)[0], "/").then(() => {
				sendAll();
				setImmediate(() => { throw failure(); });
			});
			exports.handler = async () => {};`,
	},
	"for want of a handler, with requests under way": {
		"index.mjs": `${asModule(SENDING)}
			await send(JSON.parse(SERVERS)[0], "/");
			export const ready = sendAll();`,
	},
};

function asModule(code: string): string {
	return `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);${code}`;
}

const ROOT = "1-5759e988-bd862e3fe1be46a994272793";

describe.concurrent("no secret leaves a function that the layer watches", () => {
	test.for<[RuntimeClient, "whole" | "streamed", string]>([
		[3, "whole", "xray"],
		[4, "whole", "xray-lambda"],
		[4, "streamed", "xray-lambda"],
	])(
		"with the runtime client %i, response %s",
		async ([client, kind, propagators], { world, start }) => {
			const { markers } = world;
			const { secrets } = markers;
			const { service, function: run } = await start({
				...within(world, { OTEL_PROPAGATORS: propagators }),
				client,
				files: { "index.js": HANDLER },
				handler: `index.${kind}`,
			});
			const traces = [
				`Root=${ROOT};Parent=53995c3f42cd8ad8;Sampled=1;Lineage=${secrets.xray};${secrets.xray}`,
				`Self=${secrets.xray};Root=${secrets.xray};Parent=${secrets.xray};Sampled=${secrets.xray}`,
				secrets.xray,
			];
			const calls = [undefined, "error", "text"].flatMap((fails) =>
				traces.map((trace) => ({ trace, fails })),
			);
			for (const { trace, fails } of calls) {
				const { body } = await service.invoke(
					{ fails, [secrets.event]: { secret: secrets.event } },
					{
						trace,
						headers: {
							"lambda-runtime-client-context": JSON.stringify({
								custom: { [secrets.clientContext]: secrets.clientContext },
							}),
							"lambda-runtime-cognito-identity": JSON.stringify({
								cognitoIdentityId: secrets.identity,
								cognitoIdentityPoolId: secrets.identity,
							}),
						},
					},
				);
				if (!fails)
					expect(markers.foundIn(body)).toEqual(
						expect.arrayContaining([
							...["event", "clientContext", "identity", "xray", "result"],
						]),
					);
			}
			await service.whenIdle();
			run.process.kill("SIGTERM");
			await run.ended;

			const spans = await expectNoneTold(world, run);
			expect(run.said().length).toBeGreaterThan(0);
			expect(invocationsOf(spans)).toHaveLength(calls.length);
			expect(requestsOf(spans).length).toBeGreaterThanOrEqual(calls.length * 8);
		},
	);

	for (const [how, files] of Object.entries(UNLOADABLE)) {
		for (const client of [3, 4] as const) {
			test(`which cannot be loaded, ${how}, client ${client}`, async ({
				world,
				start,
			}) => {
				const { function: run } = await start({
					...within(world),
					client,
					files,
				});
				await run.ended;
				const spans = await expectNoneTold(world, run);
				expect(invocationsOf(spans)).toEqual([]);
				expect(requestsOf(spans).length).toBeGreaterThan(0);
				expect(run.said().length).toBeGreaterThan(0);
			});
		}
	}

	test("which reaches its deadline", async ({ world, start }) => {
		const { secrets } = world.markers;
		const { service, function: run } = await start({
			...within(world),
			files: { "index.js": HANDLER },
			handler: "index.endless",
		});
		service.invoke({ [secrets.event]: secrets.event }, { timeout: 3000 });
		const { exports } = world;
		await until(() =>
			exports.some(({ body }) => body.includes("conntrace.unfinished")),
		);
		run.process.kill("SIGKILL");
		await run.ended;
		const spans = await expectNoneTold(world, run);
		const [invocation] = invocationsOf(spans);
		expect(invocation?.attributes["conntrace.unfinished"]).toBe(true);
		expect(requestsOf(spans).length).toBeGreaterThan(0);
	});
});

/** What a function is started with, so that it has secrets to tell, and a file to export to. */
function within(
	{ markers: { secrets }, values, environment, file }: World,
	more: Readonly<Record<string, string>> = {},
) {
	return {
		environment: {
			...environment,
			...more,
			AWS_SECRET_ACCESS_KEY: secrets.secretAccessKey,
			AWS_SESSION_TOKEN: secrets.sessionToken,
			CONNTRACE_FILE: file,
			NODE_EXTRA_CA_CERTS: inject("authorityFile"),
			SECRETS: JSON.stringify(secrets),
			SERVERS: JSON.stringify([values.plain, values.secure]),
		},
	};
}

/** The servers were sent secrets; what was exported has none, nor has what conntrace said. @returns the spans */
async function expectNoneTold(
	world: World,
	run: LambdaFunction,
): Promise<Span[]> {
	const { markers } = world;
	expect(markers.foundIn(world.seen())).toEqual(
		expect.arrayContaining(["authorization", "cookie", "sessionToken"]),
	);
	const exported = await readFile(world.file, "utf8");
	expect(markers.foundIn(exported)).toEqual([]);
	expectClean(world);
	expect(markers.foundIn(run.said().join("\n"))).toEqual([]);
	// The runtime client itself logs the errors that it was thrown, and nothing else is there.
	expect(["errorMessage", ""]).toContain(markers.foundIn(run.output()).join());
	return readSpans(exported);
}
