// Puts one item after the other with AWS SDK v3: as many as the first argument says.
const { DynamoDBClient, PutItemCommand } = require("@aws-sdk/client-dynamodb");

const client = new DynamoDBClient({
	endpoint: process.env.TEST_ENDPOINT,
	...(process.env.TEST_KEEP_ALIVE === "off" && {
		requestHandler: { httpsAgent: { keepAlive: false } },
	}),
});

async function main() {
	for (let put = 1; put <= Number(process.argv[2]); put++) {
		const { $metadata } = await client.send(
			new PutItemCommand({
				TableName: process.env.TEST_TABLE,
				Item: { userId: { S: process.env.TEST_ITEM ?? "ada" } },
			}),
		);
		console.log(JSON.stringify($metadata.httpStatusCode));
	}
}

main();
