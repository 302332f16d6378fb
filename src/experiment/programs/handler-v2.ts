// The handler with AWS SDK v2: puts a post into DynamoDB in each call.
import DynamoDB from "aws-sdk/clients/dynamodb";
import { invokeSteadily, readSettings } from "./invoke";

const settings = readSettings();
const clients = new Map<string, DynamoDB>();

invokeSteadily(settings, async (post, endpoint) => {
	const client = clients.get(endpoint) ?? new DynamoDB({ endpoint });
	clients.set(endpoint, client);
	await client
		.putItem({
			TableName: settings.table,
			Item: {
				userId: { S: post.userId },
				postId: { S: post.postId },
				message: { S: post.message },
			},
		})
		.promise();
});
