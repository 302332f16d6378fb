// Puts one item after the other with AWS SDK v2: as many as the first argument says.
require("aws-sdk/lib/maintenance_mode_message").suppress = true;
const DynamoDB = require("aws-sdk/clients/dynamodb");

const client = new DynamoDB({ endpoint: process.env.TEST_ENDPOINT });

async function main() {
	for (let put = 1; put <= Number(process.argv[2]); put++) {
		const { $response } = await client
			.putItem({
				TableName: process.env.TEST_TABLE,
				Item: { userId: { S: "ada" } },
			})
			.promise();
		console.log(JSON.stringify($response.httpResponse.statusCode));
	}
}

main();
