import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, inject } from "vitest";
import { invocationsOf } from "../support/lambda.js";
import type { RuntimeClient } from "../support/lambda-function.js";
import { readSpans, requestsOf } from "../support/spans.js";
import { expectClean, test } from "./world.js";

/** Sends on what it knows, answers with what it was told, and fails as it is asked to. */
const HANDLER = `
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
const answer = (event, { clientContext, identity }) => JSON.stringify({
	event, clientContext, identity, trace: process.env._X_AMZN_TRACE_ID, result: secrets.result,
});
exports.whole = async (event, context) => {
	await sendAll();
	if (event.fails === "error") throw failure();
	if (event.fails === "text") throw secrets.errorMessage;
	return answer(event, context);
};
exports.streamed = awslambda.streamifyResponse(async (event, stream, context) => {
	await sendAll();
	stream.write(answer(event, context));
	if (event.fails === "error") throw failure();
	if (event.fails === "text") throw secrets.errorMessage;
	stream.end();
});
`;

const ROOT = "1-5759e988-bd862e3fe1be46a994272793";

describe.concurrent("no secret leaves a function that the layer watches", () => {
	test.for<[RuntimeClient, "whole" | "streamed", string]>([
		[3, "whole", "xray"],
		[4, "whole", "xray-lambda"],
		[4, "streamed", "xray-lambda"],
	])(
		"with the runtime client %i, response %s",
		async ([client, kind, propagators], { world, start }) => {
			const { markers, values, environment } = world;
			const { secrets } = markers;
			const file = join(inject("temporaryDirectory"), `${randomUUID()}.jsonl`);
			const { service, function: run } = await start({
				client,
				files: { "index.js": HANDLER },
				handler: `index.${kind}`,
				environment: {
					...environment,
					AWS_SECRET_ACCESS_KEY: secrets.secretAccessKey,
					AWS_SESSION_TOKEN: secrets.sessionToken,
					CONNTRACE_FILE: file,
					NODE_EXTRA_CA_CERTS: inject("authorityFile"),
					OTEL_PROPAGATORS: propagators,
					SECRETS: JSON.stringify(secrets),
					SERVERS: JSON.stringify([values.plain, values.secure]),
				},
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

			expect(markers.foundIn(world.seen())).toEqual(
				expect.arrayContaining(["authorization", "cookie", "sessionToken"]),
			);
			const exported = await readFile(file, "utf8");
			expect(markers.foundIn(exported)).toEqual([]);
			const spans = readSpans(exported);
			expect(invocationsOf(spans)).toHaveLength(calls.length);
			expect(requestsOf(spans).length).toBeGreaterThanOrEqual(calls.length * 8);
			expectClean(world);
			expect(run.said().length).toBeGreaterThan(0);
			expect(markers.foundIn(run.said().join("\n"))).toEqual([]);
			// The runtime client itself logs the errors that it was thrown, and nothing else is there.
			expect(markers.foundIn(run.output())).toEqual(["errorMessage"]);
		},
	);
});
