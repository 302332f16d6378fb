// A put by hand, through node:http or node:https.
const http = require("node:http");
const https = require("node:https");

const body = JSON.stringify({
	TableName: "keepalive-test",
	Item: { userId: { S: "1" }, message: { S: "hello" } },
});

/** @returns a request with a put in its headers, not yet sent; `done` is told of its end */
function begin(url, agent, done) {
	const secure = url.startsWith("https:");
	return (secure ? https : http)
		.request(
			url,
			{
				agent,
				method: "POST",
				headers: {
					"x-amz-target": "DynamoDB_20120810.PutItem",
					"content-type": "application/x-amz-json-1.0",
					"content-length": body.length,
				},
			},
			(response) => {
				response.resume();
				response.on("end", done);
			},
		)
		.on("error", done);
}

/** Puts, and waits for the end of the answer. */
function put(url, agent) {
	return new Promise((resolve, reject) => {
		begin(url, agent, (error) => (error ? reject(error) : resolve())).end(body);
	});
}

module.exports = { begin, body, put };
