// Uses five clients side by side, for several tasks at once, three times over; every call of a task is made in a span
// of the program's own, if it has OpenTelemetry. The arguments: the origin for HTTP/1, that for HTTP/2, the port of a
// server that says nothing, and the file of the program's OpenTelemetry.
const [origin, origin2, silentPort, setup] = process.argv.slice(2);
if (setup) require(setup);
require("aws-sdk/lib/maintenance_mode_message").suppress = true;

const { DynamoDBClient, PutItemCommand } = require("@aws-sdk/client-dynamodb");
const DynamoDB = require("aws-sdk/clients/dynamodb");
const http2 = require("node:http2");
const net = require("node:net");

const tracer = globalThis.ownOpenTelemetry?.trace.getTracer("program");
const v3 = new DynamoDBClient({ endpoint: origin });
const v2 = new DynamoDB({ endpoint: origin });
const session = http2.connect(origin2);

const CALLS = {
	v3: (table) =>
		v3.send(
			new PutItemCommand({ TableName: table, Item: { userId: { S: "ada" } } }),
		),
	v2: (table) =>
		v2.putItem({ TableName: table, Item: { userId: { S: "ada" } } }).promise(),
	fetch: async (name) => (await fetch(`${origin}/${name}`)).text(),
	http2: (name) =>
		new Promise((resolve, reject) => {
			const stream = session.request({ ":path": `/${name}` });
			stream.resume().on("error", reject).on("close", resolve);
		}),
	socket: () =>
		new Promise((resolve, reject) => {
			const socket = net.connect(Number(silentPort), "localhost", () =>
				socket.destroy(),
			);
			socket.on("error", reject).on("close", resolve);
		}),
};

function within(name, act) {
	if (!tracer) return act();
	return tracer.startActiveSpan(name, async (span) => {
		await act();
		span.end();
	});
}

function task(number) {
	const calls = Object.entries(CALLS).map(([client, call]) => {
		const name = `${client}-${number}`;
		return within(name, () => call(name));
	});
	return Promise.all(calls);
}

async function main() {
	for (let round = 0; round < 3; round++) {
		const numbers = [1, 2, 3, 4].map((n) => round * 4 + n);
		await Promise.all(
			numbers.map((number) => within(`task-${number}`, () => task(number))),
		);
	}
	v3.destroy();
	session.close();
}

main();
