// Puts items with AWS SDK v3 over HTTP/2. The first argument has the options of the handler, the second the rounds: how
// many puts each begins at once, or, as text, the milliseconds to wait. A put that fails does not end the program.
const { DynamoDBClient, PutItemCommand } = require("@aws-sdk/client-dynamodb");
const { NodeHttp2Handler } = require("@smithy/node-http-handler");
const { setTimeout: sleep } = require("node:timers/promises");

const [options, rounds] = process.argv.slice(2).map((text) => JSON.parse(text));
const client = new DynamoDBClient({
	endpoint: process.env.TEST_ENDPOINT,
	maxAttempts: 1,
	requestHandler: new NodeHttp2Handler(options),
});

async function put() {
	const item = { userId: { S: "ada" } };
	try {
		const { $metadata } = await client.send(
			new PutItemCommand({ TableName: "keepalive-test", Item: item }),
		);
		console.log(JSON.stringify($metadata.httpStatusCode));
	} catch (error) {
		console.log(JSON.stringify(error.name));
	}
}

async function main() {
	for (const round of rounds) {
		if (typeof round === "string") await sleep(Number(round));
		else await Promise.all(Array.from({ length: round }, put));
	}
	client.destroy();
}

main();
