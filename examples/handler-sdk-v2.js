// The handler of handler.js with AWS SDK v2, which closes every connection after its response
// unless AWS_NODEJS_CONNECTION_REUSE_ENABLED=1 is set.
//
//   node -r ./dist/register.js examples/handler-sdk-v2.js
//
// Run directly like this, it invokes itself; see invoke.js for COUNT and INTERVAL_MS.
//
//   TABLE_NAME                 the table (default keepalive-test; create-table.js makes it)
//   AWS_ENDPOINT_URL_DYNAMODB  another endpoint than AWS
//
// AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are read by the SDK itself.

const { DynamoDB } = require("aws-sdk");
const { BadRequest, readPost } = require("./post.js");
const { invokeRepeatedly } = require("./invoke.js");

const TableName = process.env.TABLE_NAME ?? "keepalive-test";
const client = new DynamoDB({
	endpoint: process.env.AWS_ENDPOINT_URL_DYNAMODB,
});

exports.handler = async (event) => {
	let post;
	try {
		post = readPost(event);
	} catch (error) {
		if (!(error instanceof BadRequest)) throw error;
		return respond(400, { error: error.message });
	}

	const begin = performance.now();
	const { $response } = await client
		.putItem({
			TableName,
			Item: {
				userId: { S: post.userId },
				postId: { S: post.postId },
				message: { S: post.message },
			},
		})
		.promise();
	const durationMs = performance.now() - begin;

	return respond($response.httpResponse.statusCode, {
		postId: post.postId,
		durationMs,
	});
};

function respond(statusCode, body) {
	return { statusCode, body: JSON.stringify({ status: statusCode, ...body }) };
}

if (require.main === module) invokeRepeatedly(exports.handler);
