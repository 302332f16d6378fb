import { expect } from "vitest";
import { lastClaim } from "../reasons/stages.js";
import { isReused, only, phasesOf, setupOf } from "../support/spans.js";
import { describeClients } from "./clients.js";

describeClients("requests of undici", ({ test, trace, secure }) => {
	test("one connection for requests with pauses between them", async ({
		server,
	}) => {
		const run = await trace(server, async ({ fetchAnswer }) => {
			await fetchAnswer("/x/0/first?key=secret");
			await fetchAnswer("/status/404/second", { method: "POST", body: "text" });
			await fetchAnswer("/delay/20/third");
		});
		const [first, ...later] = run.requests;
		const setup = setupOf(run.spans, first);
		expect(phasesOf(run.spans, setup)).toEqual([
			"dns.lookup",
			"tcp.connect",
			...(secure ? ["tls.handshake"] : []),
		]);
		expect(first?.attributes).toMatchObject({
			"http.response.status_code": 200,
			"url.full": `${server.origin}/x/0/first?key=REDACTED`,
			"conntrace.connection.reason": "first_connection",
			"conntrace.ttfb_ms": expect.any(Number),
		});
		expect(later.map(isReused)).toEqual([true, true]);
		expect(later[0]).toMatchObject({
			name: "POST",
			error: true,
			attributes: { "error.type": "404" },
		});
		for (const { links } of later)
			expect(only(links)).toMatchObject({ spanId: setup.spanId });
	});

	test("a request right after the response before it", async ({ server }) => {
		const run = await trace(server, async ({ undici, origin }) => {
			const { fetch } = undici ?? globalThis;
			await (await fetch(`${origin}/x/0/next`)).text();
			await (await fetch(`${origin}/x/0/next`)).text();
		});
		expect(lastClaim(run, "next")).toMatchObject({
			reason: "pool_busy",
			detail: expect.stringContaining("one turn of the event loop"),
			pool: [0, 1, 0, undefined],
		});
	});

	test("each of many requests at once has the connection that it caused", async ({
		server,
	}) => {
		const run = await trace(server, async ({ fetchAnswer }) => {
			const rounds = [0, 1, 2].map(async (round) => {
				for (let call = 0; call < 4; call++) {
					await Promise.all(
						[0, 1, 2].map((part) =>
							fetchAnswer(`/delay/${10 + part * 7}/${round}-${call}-${part}`),
						),
					);
				}
			});
			await Promise.all(rounds);
		});
		expect(run.requests).toHaveLength(36);
		const caused = run.requests.filter((request) => !isReused(request));
		expect(caused).toHaveLength(server.connections.length);
		for (const request of caused) {
			const setup = setupOf(run.spans, request);
			const connection = server.connections.find(
				({ remotePort }) =>
					remotePort === setup.attributes["network.local.port"],
			);
			expect(request.attributes["url.full"]).toBe(
				server.origin + connection?.requests[0]?.path,
			);
		}
	});

	test("each hop of a redirect", async ({ server }) => {
		const run = await trace(server, async ({ fetchAnswer }) => {
			await fetchAnswer("/redirect/0/hop");
		});
		expect(
			run.requests.map(
				({ attributes }) => attributes["http.response.status_code"],
			),
		).toEqual([302, 200]);
	});

	test("calls of AWS, known by the wire", async ({ server }) => {
		const run = await trace(server, async ({ fetchAnswer }) => {
			await fetchAnswer("/", {
				method: "POST",
				headers: {
					"X-Amz-Target": "DynamoDB_20120810.PutItem",
					authorization:
						"AWS4-HMAC-SHA256 Credential=AKID/20261125/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=5ec2e7",
					"amz-sdk-invocation-id": "8b6d1f3e",
					"amz-sdk-request": "attempt=2; max=4",
				},
				body: JSON.stringify({ TableName: "events" }),
			});
		});
		expect(only(run.requests)).toMatchObject({
			name: "DynamoDB.PutItem",
			attributes: {
				"rpc.method": "DynamoDB/PutItem",
				"cloud.region": "eu-west-1",
				"conntrace.aws.invocation_id": "8b6d1f3e",
				"conntrace.aws.attempt": 2,
			},
		});
		expect(run.exported).not.toContain("5ec2e7");
		expect(run.exported).not.toContain("AKID");
	});

	test("a response that nobody reads", async ({ server }) => {
		const run = await trace(
			server,
			async ({ undici, origin, sleep, settle }) => {
				const { fetch } = undici ?? globalThis;
				const held = await fetch(`${origin}/big/3000000/held`);
				await sleep(60);
				await (await fetch(`${origin}/x/0/held`)).text();
				await held.text();
				await settle();
			},
		);
		expect(lastClaim(run, "held")).toMatchObject({
			reason: "body_unconsumed",
			detail: expect.stringMatching(/^1 connection held .* for \d+ ms$/),
			pool: [0, 1, 0, undefined],
		});
	});
});
