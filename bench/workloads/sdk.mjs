// Puts by AWS SDK v3 over one kept connection; also says how much memory they leave behind.
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { measure, report } from "./measure.mjs";

const { BENCH_ORIGIN, BENCH_COUNT } = process.env;
const client = new DynamoDBClient({
	endpoint: BENCH_ORIGIN,
	region: "eu-west-1",
	credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
});

const put = () =>
	client.send(
		new PutItemCommand({
			TableName: "keepalive-test",
			Item: { userId: { S: "1" }, message: { S: "hello" } },
		}),
	);

const count = Number(BENCH_COUNT);
const cpu = await measure(put, { count, warmUp: Math.ceil(count / 4) });
report({ cpu, memory: process.memoryUsage.rss() / 2 ** 20 });
client.destroy();
