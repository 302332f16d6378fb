import dns from "node:dns";
import { once } from "node:events";
import { Agent, request } from "node:https";
import { afterEach, expect, it, vi } from "vitest";
import {
	type Certificate,
	makeCertificate,
} from "../../src/demo/certificate.js";
import { type DynamoDB, startDynamoDB } from "../../src/demo/dynamodb.js";

const certificate: Certificate = await makeCertificate();
let dynamodb: DynamoDB | undefined;

afterEach(async () => {
	vi.restoreAllMocks();
	await dynamodb?.close();
	dynamodb = undefined;
});

async function get(endpoint: string, agent: Agent): Promise<void> {
	const sent = request(endpoint, { agent, ca: certificate.cert }).end();
	const [response] = await once(sent, "response");
	response.resume();
	await once(response, "end");
}

it("is found under localhost and counts connections and requests", async () => {
	dynamodb = await startDynamoDB(certificate);
	const heard = vi.fn();
	const ignore = dynamodb.onRequest(heard);
	const agent = new Agent({ keepAlive: true, maxSockets: 1 });
	await get(dynamodb.endpoint, agent);
	await get(dynamodb.endpoint, agent);
	ignore();
	await get(dynamodb.endpoint, new Agent());
	agent.destroy();
	expect(new URL(dynamodb.endpoint).hostname).toBe("localhost");
	expect(dynamodb.seen).toEqual({ connections: 2, requests: 3 });
	expect(heard).toHaveBeenCalledTimes(2);
});

it("listens on 127.0.0.1 where localhost means an address that this machine does not have", async () => {
	const lookup = dns.lookup;
	const found = { address: "2001:db8::1", family: 6 };
	vi.spyOn(dns, "lookup").mockImplementation(((
		name: string,
		...rest: unknown[]
	) => {
		if (name !== "localhost")
			return Reflect.apply(lookup, dns, [name, ...rest]);
		// Node asks for one address or for all, depending on its version.
		const callback = rest.at(-1) as (...answer: unknown[]) => void;
		if (rest.length === 2) callback(null, [found]);
		else callback(null, found.address, found.family);
	}) as never);
	dynamodb = await startDynamoDB(certificate);
	expect(dns.lookup).toHaveBeenCalled();
	vi.restoreAllMocks();
	const { port } = new URL(dynamodb.endpoint);
	await get(`https://127.0.0.1:${port}`, new Agent());
	expect(dynamodb.seen.requests).toBe(1);
});
