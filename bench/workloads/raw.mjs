// Puts by hand through node:https. Argument: reused | fresh.
import https from "node:https";
import { measure, report } from "./measure.mjs";

const { BENCH_ORIGIN, BENCH_COUNT } = process.env;
const reused = process.argv[2] === "reused";
const agent = new https.Agent({ keepAlive: reused, maxSockets: 16 });
const body = JSON.stringify({
	TableName: "keepalive-test",
	Item: { userId: { S: "1" }, message: { S: "hello" } },
});

function put() {
	return new Promise((resolve, reject) => {
		const request = https.request(
			BENCH_ORIGIN,
			{
				agent,
				method: "POST",
				headers: {
					"x-amz-target": "DynamoDB_20120810.PutItem",
					"content-type": "application/x-amz-json-1.0",
					"content-length": body.length,
				},
			},
			(response) => {
				response.resume();
				response.on("end", resolve);
			},
		);
		request.on("error", reject);
		request.end(body);
	});
}

const count = Number(BENCH_COUNT);
const cpu = await measure(put, {
	count,
	warmUp: Math.ceil(count / 4),
	atOnce: reused ? 16 : 4,
});
report({ cpu });
agent.destroy();
