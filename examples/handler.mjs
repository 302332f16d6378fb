// The handler of handler.js as an ES module, with AWS SDK v3.
//
//   node -r ./dist/register.js examples/handler.mjs
//
// Run directly like this, it invokes itself; see invoke.js for COUNT and INTERVAL_MS.
//
//   TABLE_NAME                 the table (default keepalive-test; create-table.js makes it)
//   AWS_ENDPOINT_URL_DYNAMODB  another endpoint than AWS; read by the SDK itself,
//                              as are AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY

import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { invokeRepeatedly } from "./invoke.js";
import { BadRequest, readPost } from "./post.js";

const TableName = process.env.TABLE_NAME ?? "keepalive-test";
const client = new DynamoDBClient();

export async function handler(event) {
	let post;
	try {
		post = readPost(event);
	} catch (error) {
		if (!(error instanceof BadRequest)) throw error;
		return respond(400, { error: error.message });
	}

	const begin = performance.now();
	const { $metadata } = await client.send(
		new PutItemCommand({
			TableName,
			Item: {
				userId: { S: post.userId },
				postId: { S: post.postId },
				message: { S: post.message },
			},
		}),
	);
	const durationMs = performance.now() - begin;

	return respond($metadata.httpStatusCode, { postId: post.postId, durationMs });
}

function respond(statusCode, body) {
	return { statusCode, body: JSON.stringify({ status: statusCode, ...body }) };
}

const program = process.argv[1] && realpathSync(process.argv[1]);
if (program === fileURLToPath(import.meta.url)) await invokeRepeatedly(handler);
