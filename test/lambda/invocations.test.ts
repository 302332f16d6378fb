import { describe, expect } from "vitest";
import { GET, invocationsOf, judged, test } from "../support/lambda.js";
import { FUNCTION_ARN } from "../support/lambda-service.js";
import { childrenOf, named } from "../support/spans.js";

describe.concurrent("invocations", () => {
	test("a cold and two warm ones", async ({ start, server }) => {
		const { service } = await start({
			files: {
				"index.js": `${GET}
					const early = get("/early");
					exports.handler = async (event) => {
						await early;
						await get("/" + event.name);
						return get("/" + event.name);
					};`,
			},
		});
		for (const name of ["one", "two", "three"]) {
			const { body } = await service.invoke({ name });
			expect(body).toBe("200");
		}
		await service.whenIdle();

		const spans = judged(service, server);
		const invocations = invocationsOf(spans);
		expect(invocations.map(({ name }) => name)).toEqual([
			"put-event",
			"put-event",
			"put-event",
		]);
		expect(invocations[0]?.attributes).toEqual({
			"faas.invocation.id": "00000000-0000-4000-8000-000000000001",
			"faas.coldstart": true,
			"faas.name": "put-event",
			"faas.version": "7",
			"cloud.resource_id": FUNCTION_ARN,
			"cloud.region": "eu-west-1",
			"cloud.account.id": "123456789012",
			"conntrace.connections.reused": 2,
		});
		expect(
			invocations.map(({ attributes }) => attributes["faas.coldstart"]),
		).toEqual([true, false, false]);
		expect(
			invocations.map((invocation) => childrenOf(spans, invocation).length),
		).toEqual([2, 2, 2]);
		const [setup] = named(spans, "connection.setup");
		expect(setup?.attributes["conntrace.lambda.phase"]).toBe("init");
	});

	test("connections in the handler, without a request as well", async ({
		start,
		server,
	}) => {
		const { service } = await start({
			files: {
				"index.js": `${GET}
					const net = require("node:net");
					exports.handler = async () => {
						await get("/first");
						const { port } = new URL(process.env.SERVER);
						const socket = net.connect(Number(port), "127.0.0.1");
						await new Promise((resolve) => socket.on("connect", resolve));
						socket.destroy();
						await get("/second");
					};`,
			},
		});
		await service.invoke({});
		await service.whenIdle();
		const spans = judged(service, server);
		expect(invocationsOf(spans)[0]?.attributes).toMatchObject({
			"conntrace.connections.fresh": 2,
			"conntrace.connections.reused": 1,
		});
		expect(
			named(spans, "connection.setup").map(
				({ attributes }) => attributes["conntrace.lambda.phase"],
			),
		).toEqual(["invoke", "invoke"]);
	});

	test("errors that are thrown, rejected or no errors at all", async ({
		start,
		server,
	}) => {
		const { service } = await start({
			files: {
				"index.js": `exports.handler = async ({ kind }) => {
					if (kind === "custom") {
						class OutOfStock extends Error { name = "OutOfStock"; }
						throw new OutOfStock("none left");
					}
					if (kind === "text") throw "just text";
					return Promise.reject(new TypeError("rejected"));
				};`,
			},
		});
		for (const kind of ["custom", "text", "rejected"]) {
			const outcome = await service.invoke({ kind });
			expect(outcome.kind).toBe("error");
		}
		await service.whenIdle();
		const spans = judged(service, server);
		expect(
			invocationsOf(spans).map(({ attributes, error }) => [
				attributes["error.type"],
				error,
			]),
		).toEqual([
			["OutOfStock", true],
			["string", true],
			["TypeError", true],
		]);
	});

	test("a stream that fails on its way", async ({ start, server }) => {
		const { service } = await start({
			files: {
				"index.js": `${GET} exports.handler = awslambda.streamifyResponse(async (event, stream) => {
					stream.write(String(await get("/")));
					throw new TypeError("no more");
				});`,
			},
		});
		const outcome = await service.invoke({});
		expect(outcome).toMatchObject({
			kind: "response",
			streamed: true,
			failure: "TypeError",
		});
		await service.whenIdle();
		expect(invocationsOf(judged(service, server))[0]).toMatchObject({
			attributes: { "error.type": "TypeError" },
			error: true,
		});
	});

	const TRACE_ID = "5759e988bd862e3fe1be46a994272793";
	const TRACE_HEADER =
		"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

	test("the caller's X-Ray span is linked", async ({ start, server }) => {
		const { service } = await start({
			files: { "index.js": "exports.handler = async () => 1;" },
		});
		await service.invoke({}, { trace: TRACE_HEADER });
		await service.invoke({});
		await service.whenIdle();
		const [traced, untraced] = invocationsOf(judged(service, server));
		expect(traced?.links).toEqual([
			{ traceId: TRACE_ID, spanId: "53995c3f42cd8ad8", attributes: {} },
		]);
		expect(traced?.traceId).not.toBe(TRACE_ID);
		expect(untraced?.links).toEqual([]);
	});

	test("the caller's X-Ray span is the parent where OTEL_PROPAGATORS says so", async ({
		start,
	}) => {
		const { service } = await start({
			files: { "index.js": "exports.handler = async () => 1;" },
			environment: { OTEL_PROPAGATORS: "tracecontext,xray-lambda" },
		});
		await service.invoke({}, { trace: TRACE_HEADER });
		await service.invoke(
			{},
			{ trace: TRACE_HEADER.replace("Sampled=1", "Sampled=0") },
		);
		await service.whenIdle();
		const [traced, ...others] = invocationsOf(service.spans);
		expect(traced).toMatchObject({
			traceId: TRACE_ID,
			parentSpanId: "53995c3f42cd8ad8",
			links: [],
		});
		expect(others).toEqual([]);
	});

	test("an environment that was made ready in advance has no cold start", async ({
		start,
		server,
	}) => {
		const { service } = await start({
			files: { "index.js": "exports.handler = async () => 1;" },
			environment: {
				AWS_LAMBDA_INITIALIZATION_TYPE: "provisioned-concurrency",
			},
		});
		await service.invoke({});
		await service.whenIdle();
		expect(
			invocationsOf(judged(service, server))[0]?.attributes["faas.coldstart"],
		).toBe(false);
	});

	test("a request that the handler does not wait for", async ({
		start,
		server,
	}) => {
		const { service } = await start({
			files: {
				"index.js": `${GET}
					let left;
					exports.handler = async ({ leaves }) => {
						await left;
						if (leaves) left = get("/delay/50");
						await new Promise(setImmediate);
					};`,
			},
		});
		await service.invoke({ leaves: true });
		await service.invoke({});
		await service.whenIdle();
		const spans = judged(service, server);
		const [first] = invocationsOf(spans);
		if (!first) throw new Error("no invocation");
		expect(childrenOf(spans, first).map(({ name }) => name)).toEqual(["GET"]);
	});
});
