// Puts one item after the other with AWS SDK v3 as an ES module: as many as the first argument says.
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";

const client = new DynamoDBClient({ endpoint: process.env.TEST_ENDPOINT });

for (let put = 1; put <= Number(process.argv[2]); put++) {
	const { $metadata } = await client.send(
		new PutItemCommand({
			TableName: process.env.TEST_TABLE,
			Item: { userId: { S: "ada" } },
		}),
	);
	console.log(JSON.stringify($metadata.httpStatusCode));
}
