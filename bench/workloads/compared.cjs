// Requests that differ in what they did to their connections, each to a path of its own, in the order of the comparison.

// Some instrumentations patch a module when the program asks for it, and not where Node itself uses it.
require("node:dns");
require("node:net");
const https = require("node:https");
const { DynamoDBClient, PutItemCommand } = require("@aws-sdk/client-dynamodb");

const origin = process.env.BENCH_ORIGIN;

function get(path, agent) {
	return new Promise((resolve, reject) => {
		https
			.get(`${origin}${path}`, { agent }, (response) => {
				// The agent takes the connection back a moment after the response is over.
				response.resume().on("end", () => setImmediate(resolve));
			})
			.on("error", reject);
	});
}

async function main() {
	const kept = new https.Agent({ keepAlive: true });
	await get("/kept/1", kept);
	await get("/kept/2", kept);
	await get("/kept/3", kept);

	const closing = new https.Agent({ keepAlive: false });
	await get("/closing/1", closing);
	await get("/closing/2", closing);

	const narrow = new https.Agent({ keepAlive: true, maxSockets: 1 });
	await Promise.all([get("/narrow/1", narrow), get("/narrow/2", narrow)]);

	for (const path of ["/fetch/1", "/fetch/2"]) {
		await (await fetch(`${origin}${path}`)).text();
		await new Promise(setImmediate);
	}

	const client = new DynamoDBClient({
		endpoint: `${origin}/sdk`,
		region: "eu-west-1",
		credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
	});
	await client.send(
		new PutItemCommand({ TableName: "table", Item: { id: { S: "1" } } }),
	);
	client.destroy();
	for (const agent of [kept, narrow]) agent.destroy();
}

main();
