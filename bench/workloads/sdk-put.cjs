// A put by AWS SDK v3 over one kept connection.
const { DynamoDBClient, PutItemCommand } = require("@aws-sdk/client-dynamodb");

const client = new DynamoDBClient({
	endpoint: process.env.BENCH_SECURE,
	region: "eu-west-1",
	credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
});

function put() {
	return client.send(
		new PutItemCommand({
			TableName: "keepalive-test",
			Item: { userId: { S: "1" }, message: { S: "hello" } },
		}),
	);
}

module.exports = { client, put };
