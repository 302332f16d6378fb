// A Lambda handler that puts one post into DynamoDB, with AWS SDK v3.
//
//   node -r ./dist/register.js examples/handler.js
//
// Run directly like this, it invokes itself; see invoke.js for COUNT and INTERVAL_MS.
//
//   TABLE_NAME                 the table (default keepalive-test; create-table.js makes it)
//   CLIENT                     how the SDK's client is used, to see what each way does to the connections:
//                                shared          one client for all calls, as the SDK makes it (default)
//                                keep-alive-off  one client whose connections are closed after each response
//                                per-call        a new client in each call
//   AWS_ENDPOINT_URL_DYNAMODB  another endpoint than AWS; read by the SDK itself,
//                              as are AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY

const { DynamoDBClient, PutItemCommand } = require("@aws-sdk/client-dynamodb");
const { BadRequest, readPost } = require("./post.js");
const { invokeRepeatedly } = require("./invoke.js");

const TableName = process.env.TABLE_NAME ?? "keepalive-test";

const clientUse = process.env.CLIENT ?? "shared";
if (!["shared", "keep-alive-off", "per-call"].includes(clientUse)) {
	throw new Error(
		`CLIENT must be shared, keep-alive-off or per-call, got "${clientUse}".`,
	);
}

const keepAliveOff = {
	requestHandler: {
		httpAgent: { keepAlive: false },
		httpsAgent: { keepAlive: false },
	},
};

function createClient() {
	return new DynamoDBClient(clientUse === "keep-alive-off" ? keepAliveOff : {});
}

const sharedClient = createClient();

exports.handler = async (event) => {
	let post;
	try {
		post = readPost(event);
	} catch (error) {
		if (!(error instanceof BadRequest)) throw error;
		return respond(400, { error: error.message });
	}

	const client = clientUse === "per-call" ? createClient() : sharedClient;
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
};

function respond(statusCode, body) {
	return { statusCode, body: JSON.stringify({ status: statusCode, ...body }) };
}

if (require.main === module) invokeRepeatedly(exports.handler);
