// Puts items without an SDK: a client that somebody wrote on https alone.
const https = require("node:https");

const agent = new https.Agent({ keepAlive: true });

function put() {
	return new Promise((resolve, reject) => {
		const request = https.request(`${process.env.TEST_ENDPOINT}/`, {
			method: "POST",
			agent,
			headers: {
				"X-Amz-Target": "DynamoDB_20120810.PutItem",
				"Content-Type": "application/x-amz-json-1.0",
				Authorization:
					"AWS4-HMAC-SHA256 Credential=AKIATESTKEYOFNOBODY0/20261124/eu-west-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=00",
				"X-Amz-Date": "20261124T000000Z",
			},
		});
		request.on("error", reject);
		request.on("response", (response) => {
			response.resume();
			response.on("end", () => setImmediate(resolve, response.statusCode));
		});
		request.end(
			JSON.stringify({
				TableName: process.env.TEST_TABLE,
				Item: { userId: { S: "ada" } },
			}),
		);
	});
}

async function main() {
	for (let call = 1; call <= Number(process.argv[2]); call++)
		console.log(JSON.stringify(await put()));
	agent.destroy();
}

main();
