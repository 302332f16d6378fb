import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect } from "vitest";
import { checkContract } from "../support/contract.js";
import { GET, invocationsOf, judged, test, until } from "../support/lambda.js";
import { childrenOf, only, requestsOf } from "../support/spans.js";

const FROZEN = 2500;

describe.concurrent("the environment", () => {
	test("is frozen between invocations while the server closes its connection", async ({
		start,
		server,
	}) => {
		const { service, function: run } = await start({
			files: {
				"index.js": `${GET} 
					const later = () => new Promise((resolve) => setTimeout(resolve, 50));
					exports.handler = ({ path }) => get(path).catch(() => later().then(() => get(path)));`,
			},
		});
		await service.invoke({ path: "/fin/300" });
		await service.whenIdle();
		run.process.kill("SIGSTOP");
		await sleep(FROZEN);
		run.process.kill("SIGCONT");
		expect((await service.invoke({ path: "/" })).body).toBe("200");
		await service.whenIdle();

		const spans = judged(service, server);
		const [before, after] = invocationsOf(spans);
		expect(before?.attributes).not.toHaveProperty("conntrace.frozen_ms");
		const frozen = Number(after?.attributes["conntrace.frozen_ms"]);
		expect(frozen).toBeGreaterThan(500);
		expect(frozen).toBeLessThan(FROZEN + 5000);
		const last = requestsOf(spans).at(-1);
		expect(["peer_closed_idle", "stale_reset"]).toContain(
			last?.attributes["conntrace.connection.reason"],
		);
	});

	test("runs invocations side by side, each with its own requests", async ({
		start,
		server,
	}) => {
		const { service, function: run } = await start({
			files: {
				"index.js": `${GET} exports.handler = async ({ name }) => {
					await get("/delay/100");
					await get("/" + name);
					return name;
				};`,
			},
			refusesExtensions: true,
			environment: {
				AWS_LAMBDA_MAX_CONCURRENCY: "8",
				AWS_LAMBDA_NODEJS_WORKER_COUNT: "2",
			},
		});
		const names = ["a", "b", "c", "d", "e", "f"];
		const outcomes = await Promise.all(
			names.map((name) => service.invoke({ name })),
		);
		expect(outcomes.map(({ body }) => JSON.parse(body))).toEqual(names);
		await until(() => invocationsOf(service.spans).length === names.length);
		const spans = judged(service, server);
		const invocations = invocationsOf(spans);
		expect(invocations.length).toBe(names.length);
		const paths = invocations.map((invocation) =>
			childrenOf(spans, invocation).map(
				({ attributes }) => new URL(String(attributes["url.full"])).pathname,
			),
		);
		expect(paths.map(([first]) => first)).toEqual(
			names.map(() => "/delay/100"),
		);
		expect(paths.map(([, second]) => second).sort()).toEqual(
			names.map((name) => `/${name}`),
		);
		expect(run.said()).toEqual([]);
	});

	test("holds OpenTelemetry as well: both trace, and one line says who traces what", async ({
		start,
	}) => {
		const { service, function: run } = await start({
			files: {
				"index.js": `${GET}
					const load = (name) => require(process.env.MODULES + name);
					const { trace } = load("@opentelemetry/api");
					const { NodeTracerProvider } = load("@opentelemetry/sdk-trace-node");
					new NodeTracerProvider().register();
					exports.handler = () => trace.getTracer("own").startActiveSpan("own", async (span) => {
						await get("/");
						span.end();
						return { ...span.spanContext(), recording: span.isRecording() };
					});`,
			},
			environment: { MODULES: `${resolve("node_modules")}/` },
		});
		const own = JSON.parse((await service.invoke({})).body);
		await service.whenIdle();
		expect(
			checkContract(service.spans, {
				foreignParents: new Set([own.spanId]),
			}),
		).toEqual([]);
		expect(only(requestsOf(service.spans))).toMatchObject({
			traceId: own.traceId,
			parentSpanId: own.spanId,
		});
		expect(
			only(invocationsOf(service.spans)).attributes[
				"conntrace.connections.fresh"
			],
		).toBe(1);
		expect(run.said()).toEqual([
			"conntrace: OpenTelemetry traces this function as well: its spans go where it sends them, conntrace exports the invocation, connections and the requests on them by itself, under OpenTelemetry's span where one is active",
		]);
	});
});
