import { describe, expect } from "vitest";
import { GET, invocationsOf, judged, test, until } from "../support/lambda.js";
import { requestsOf } from "../support/spans.js";

const ONE_REQUEST = {
	"index.js": `${GET} exports.handler = () => get("/");`,
};

describe.concurrent("the export of an invocation's spans", () => {
	test("follows the response, and Lambda waits for it", async ({
		start,
		server,
	}) => {
		const { service, function: run } = await start({
			files: ONE_REQUEST,
			collectorDelay: 100,
		});
		await service.invoke({});
		await service.whenIdle();
		await service.invoke({});
		await service.whenIdle();
		expect(service.events).toEqual([
			'register conntrace {"events":["INVOKE"]}',
			"init",
			"idle",
			...["invoke 1", "answer 1", "export", "idle"],
			...["invoke 2", "answer 2", "export", "idle"],
		]);
		expect(invocationsOf(judged(service, server)).length).toBe(2);
		expect(run.said()).toEqual([]);
	});

	test("precedes the response where CONNTRACE_LAMBDA_FLUSH says so", async ({
		start,
		server,
	}) => {
		const { service, function: run } = await start({
			files: ONE_REQUEST,
			collectorDelay: 100,
			environment: { CONNTRACE_LAMBDA_FLUSH: "before" },
		});
		await service.invoke({});
		await service.whenIdle();
		await service.invoke({});
		await service.whenIdle();
		expect(service.events).toEqual([
			...["init", "idle"],
			...["invoke 1", "export", "answer 1", "idle"],
			...["invoke 2", "export", "answer 2", "idle"],
		]);
		expect(invocationsOf(judged(service, server)).length).toBe(2);
		expect(run.said()).toEqual([]);
	});

	test("precedes the response where Lambda takes no extension, and says so once", async ({
		start,
		server,
	}) => {
		const { service, function: run } = await start({
			files: ONE_REQUEST,
			refusesExtensions: true,
		});
		await service.invoke({});
		await service.invoke({});
		await service.whenIdle();
		expect(service.events).toEqual([
			...["init", "idle"],
			...["invoke 1", "export", "answer 1", "idle"],
			...["invoke 2", "export", "answer 2", "idle"],
		]);
		expect(invocationsOf(judged(service, server)).length).toBe(2);
		await until(() => run.said().length > 0);
		expect(run.said()).toEqual([
			"conntrace: no extension of this Lambda environment (HTTP status 403): each response waits for the export of its spans, at most 10000 ms",
		]);
	});

	test("precedes the response where the extension got no answer, and asks on, for Lambda waits for it", async ({
		start,
		server,
	}) => {
		const { service, function: run } = await start({
			files: ONE_REQUEST,
			failedQuestions: 3,
		});
		for (const _ of [1, 2, 3]) {
			expect((await service.invoke({})).body).toBe("200");
			await service.whenIdle();
		}
		expect(invocationsOf(judged(service, server)).length).toBe(3);
		expect(run.said()).toEqual([
			"conntrace: no extension of this Lambda environment (HTTP status 500): each response waits for the export of its spans, at most 10000 ms",
		]);
	});

	test("precedes the end of an error and of a streamed response as well", async ({
		start,
		server,
	}) => {
		const { service } = await start({
			files: {
				"index.js": `${GET} exports.handler = async () => { await get("/"); throw new Error("no"); };`,
				"stream.js": `${GET} exports.handler = awslambda.streamifyResponse(async (event, stream) => {
					stream.end(String(await get("/")));
				});`,
			},
			handler: "stream.handler",
			environment: { CONNTRACE_LAMBDA_FLUSH: "before" },
		});
		const { streamed, body } = await service.invoke({});
		expect([streamed, body]).toEqual([true, "200"]);
		await service.whenIdle();
		expect(service.events.slice(-4)).toEqual([
			...["invoke 1", "answer 1", "export", "idle"],
		]);
		expect(invocationsOf(judged(service, server)).length).toBe(1);
	});

	for (const flush of ["after", "before"]) {
		test(`gives up a collector that never answers, ${flush}`, async ({
			start,
		}) => {
			const { service } = await start({
				files: ONE_REQUEST,
				collectorDelay: Infinity,
				environment: {
					CONNTRACE_LAMBDA_FLUSH: flush,
					CONNTRACE_FLUSH_TIMEOUT: "100",
				},
			});
			for (const _ of [1, 2]) {
				expect((await service.invoke({})).body).toBe("200");
				await service.whenIdle();
			}
			expect(service.spans).toEqual([]);
		});

		test(`gives up a collector that is not there, ${flush}`, async ({
			start,
		}) => {
			const { service } = await start({
				files: ONE_REQUEST,
				environment: {
					CONNTRACE_LAMBDA_FLUSH: flush,
					OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9",
				},
			});
			for (const _ of [1, 2]) {
				expect((await service.invoke({})).body).toBe("200");
				await service.whenIdle();
			}
		});
	}

	test("does not keep an error from its caller that ends the process", async ({
		start,
		server,
	}) => {
		const { service, function: run } = await start({
			files: {
				"index.js": `${GET} exports.handler = (event, context, callback) => {
					get("/").then(() => setTimeout(() => { throw new RangeError("late"); }));
				};`,
			},
			client: 3,
			environment: { CONNTRACE_LAMBDA_FLUSH: "before" },
		});
		const outcome = await service.invoke({});
		expect(outcome.kind).toBe("error");
		expect(JSON.parse(outcome.body).errorMessage).toBe("late");
		await run.ended;
		expect(
			invocationsOf(judged(service, server))[0]?.attributes["error.type"],
		).toBe("RangeError");
	});

	test("catches up when the collector is back", async ({ start, server }) => {
		const { service } = await start({
			files: ONE_REQUEST,
			collectorDelay: Infinity,
			environment: {
				CONNTRACE_FLUSH_TIMEOUT: "300",
				OTEL_EXPORTER_OTLP_TIMEOUT: "300",
			},
		});
		await service.invoke({});
		await service.whenIdle();
		service.collectorDelay = 0;
		await service.invoke({});
		await until(() => invocationsOf(service.spans).length === 2);
		judged(service, server);
	});

	test("happens once more when the environment ends", async ({
		start,
		server,
	}) => {
		const { service, function: run } = await start({
			files: {
				"index.js": `${GET} exports.ready = get("/").then(() => console.log("asked")); exports.handler = () => 1;`,
			},
		});
		await until(() => run.output().includes("asked"));
		run.process.kill("SIGTERM");
		await run.ended;
		expect(requestsOf(judged(service, server)).length).toBe(1);
	});

	test("also holds with the runtime's own HTTP client", async ({
		start,
		server,
	}) => {
		const { service } = await start({
			files: ONE_REQUEST,
			environment: { AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1: "true" },
		});
		await service.invoke({});
		await service.whenIdle();
		await service.invoke({});
		await service.whenIdle();
		const spans = judged(service, server);
		expect(invocationsOf(spans).length).toBe(2);
		expect(requestsOf(spans).length).toBe(2);
	});
});

describe.concurrent("an invocation that reaches its deadline", () => {
	test("is exported before, with its open request", async ({
		start,
		server,
	}) => {
		const { service } = await start({
			files: {
				"index.js": `${GET} exports.handler = async () => { await get("/"); await get("/never"); };`,
			},
		});
		service.invoke({}, { timeout: 800 });
		await until(() => service.events.includes("export"));
		const spans = judged(service, server);
		expect(invocationsOf(spans)[0]?.attributes).toMatchObject({
			"conntrace.unfinished": true,
			"conntrace.connections.fresh": 1,
			"conntrace.connections.reused": 1,
		});
		expect(
			requestsOf(spans).map(
				({ attributes }) => attributes["conntrace.unfinished"],
			),
		).toEqual([undefined, true]);
	});

	test("is exported once, even if it completes after all", async ({
		start,
		server,
	}) => {
		const { service } = await start({
			files: {
				"index.js": `${GET} exports.handler = async ({ path }) => {
					const fresh = path === "/" ? undefined : http.get(process.env.SERVER + path, (response) => response.resume());
					if (fresh) await new Promise((resolve) => fresh.on("close", resolve));
					return get("/");
				};`,
			},
		});
		await service.invoke({ path: "/delay/700" }, { timeout: 800 });
		await service.whenIdle();
		await service.invoke({ path: "/" });
		await service.whenIdle();
		const spans = judged(service, server);
		const invocations = invocationsOf(spans);
		expect(
			invocations.map(({ attributes }) => attributes["conntrace.unfinished"]),
		).toEqual([true, undefined]);
		expect(requestsOf(spans).length).toBe(3);
	});
});
