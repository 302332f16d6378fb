// Creates the table that the handlers write to, unless it is there, and waits until it can be used.
//
//   node examples/create-table.js
//
// TABLE_NAME and the variables of the AWS SDK as in handler.js.

const {
	CreateTableCommand,
	DynamoDBClient,
	ResourceInUseException,
	waitUntilTableExists,
} = require("@aws-sdk/client-dynamodb");

const TableName = process.env.TABLE_NAME ?? "keepalive-test";

async function createTable() {
	const client = new DynamoDBClient();
	try {
		await client.send(
			new CreateTableCommand({
				TableName,
				KeySchema: [
					{ AttributeName: "userId", KeyType: "HASH" },
					{ AttributeName: "postId", KeyType: "RANGE" },
				],
				AttributeDefinitions: [
					{ AttributeName: "userId", AttributeType: "S" },
					{ AttributeName: "postId", AttributeType: "S" },
				],
				BillingMode: "PAY_PER_REQUEST",
			}),
		);
	} catch (error) {
		if (!(error instanceof ResourceInUseException)) throw error;
		console.log(`Table ${TableName} is there already.`);
	}
	await waitUntilTableExists({ client, maxWaitTime: 60 }, { TableName });
	console.log(`Table ${TableName} is ready.`);
}

createTable().catch((error) => {
	console.error(`Could not create table ${TableName}:`, error);
	process.exitCode = 1;
});
