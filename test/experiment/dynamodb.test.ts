import dns from "node:dns";
import { once } from "node:events";
import { Agent, request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it, vi } from "vitest";
import {
	type Certificate,
	makeCertificate,
} from "../../src/experiment/certificate.js";
import {
	type DynamoDB,
	type DynamoDBOptions,
	startDynamoDB,
} from "../../src/experiment/dynamodb.js";

const certificate: Certificate = await makeCertificate();
let dynamodb: DynamoDB | undefined;

afterEach(async () => {
	vi.restoreAllMocks();
	await dynamodb?.close();
	dynamodb = undefined;
});

async function start(
	options: Partial<DynamoDBOptions> = {},
): Promise<DynamoDB> {
	dynamodb = await startDynamoDB({ certificate, table: "posts", ...options });
	return dynamodb;
}

async function get(
	{ port }: DynamoDB,
	agent: Agent,
	host = "localhost",
): Promise<void> {
	const url = `https://${host}:${port}`;
	const sent = request(url, { agent, ca: certificate.cert }).end();
	const [response] = await once(sent, "response");
	response.resume();
	await once(response, "end");
}

it("is found under localhost and counts connections and requests", async () => {
	const dynamodb = await start();
	const agent = new Agent({ keepAlive: true, maxSockets: 1 });
	await get(dynamodb, agent);
	await get(dynamodb, agent);
	await get(dynamodb, new Agent());
	agent.destroy();
	expect(dynamodb.seen).toEqual({ connections: 2, requests: 3 });
});

it("closes idle connections after its limit, however long they live", async () => {
	const dynamodb = await start({ idleLimit: 300 });
	const agent = new Agent({ keepAlive: true, maxSockets: 1 });
	for (let call = 1; call <= 4; call++) {
		await get(dynamodb, agent);
		await sleep(100);
	}
	expect(dynamodb.seen.connections).toBe(1);
	const [[socket] = []] = Object.values(agent.freeSockets);
	if (socket && !socket.destroyed) await once(socket, "close");
	await get(dynamodb, agent);
	agent.destroy();
	expect(dynamodb.seen.connections).toBe(2);
});

it("lets each answer take a round trip longer", async () => {
	const dynamodb = await start({ roundTrip: 100 });
	const agent = new Agent({ keepAlive: true });
	await get(dynamodb, agent);
	const begin = performance.now();
	await get(dynamodb, agent);
	agent.destroy();
	expect(performance.now() - begin).toBeGreaterThan(95);
	expect(dynamodb.seen).toEqual({ connections: 1, requests: 2 });
});

it("listens on 127.0.0.1 where localhost means an address that this machine does not have", async () => {
	const lookup = dns.lookup;
	const found = { address: "2001:db8::1", family: 6 };
	let asked = 0;
	vi.spyOn(dns, "lookup").mockImplementation(((
		name: string,
		...rest: unknown[]
	) => {
		asked += 1;
		if (name !== "localhost" || asked > 1)
			return Reflect.apply(lookup, dns, [name, ...rest]);
		// Node asks for one address or for all, depending on its version.
		const callback = rest.at(-1) as (...answer: unknown[]) => void;
		if (rest.length === 2) callback(null, [found]);
		else callback(null, found.address, found.family);
	}) as never);
	const dynamodb = await start();
	expect(dns.lookup).toHaveBeenCalled();
	await get(dynamodb, new Agent(), "127.0.0.1");
	expect(dynamodb.seen.requests).toBe(1);
});
