import { randomUUID } from "node:crypto";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, inject } from "vitest";
import { GET, test } from "../support/lambda.js";
import type { Outcome } from "../support/lambda-service.js";
import { buildWithProbes, OF_LAMBDA, probedFunctions } from "./probes.js";

/** Answers with what is known of the functions of the agent, and has some throw from now on. */
const HANDLER = `${GET}
exports.handler = async ({ throwing }) => {
	const probes = globalThis.conntraceProbes;
	probes.limitless = probes.once = true;
	probes.throwing = new Set(throwing);
	await get("/");
	return { reached: [...probes.reached], thrown: [...probes.thrown] };
};`;

interface Answer {
	readonly reached: readonly string[];
	readonly thrown: readonly string[];
}

const answerOf = ({ body }: Outcome): Answer => JSON.parse(body);

/** What calls on to the runtime's client, and the guards in front of it. */
const TRUSTED: readonly string[] = [
	"lambda/runtime-client: observed.next",
	"lambda/runtime-client: observed.next.then",
	"lambda/runtime-client: observed.next.then#2",
	"lambda/runtime-client: observed.error",
	"lambda/runtime-client: observed.error.respond",
	"lambda/runtime-client: observed.respond.catch",
	"lambda/runtime-client: observed.done",
	"lambda/runtime-client: observed.done.respond",
	"lambda/runtime-client: observed.respond",
	"lambda/lambda: Lambda.guard",
	"lambda/lambda: Lambda.nextAsked",
	"lambda/lambda: Lambda.begun",
	"lambda/lambda: Lambda.ended",
	"lambda/extension: Extension.ask.socket",
	"lambda/lambda: Lambda.begun.guard",
	"lambda/flushes: Flushes.begun",
	"lambda/flushes: Flushes.beforeNext.setImmediate",
	"lambda/flushes: Flushes.afterAnswer",
	"lambda/flushes: Flushes.run",
	// Lambda waits for an extension once it is registered, and these are what asks in its name.
	"lambda/flushes: Flushes.register.then",
	"lambda/flushes: Flushes.serve",
	"lambda/flushes: Flushes.letGo",
];

const PATIENCE_MS = 15_000;
const AT_ONCE = 4;

describe.concurrent("a fault in any function of the Lambda code that is called", () => {
	for (const flush of ["before", "after"]) {
		test(`stays inside, with spans that leave ${flush} the response`, async ({
			start,
		}) => {
			const agent = await buildWithProbes();
			expect(TRUSTED.filter((name) => !probedFunctions.has(name))).toEqual([]);
			const wrapper = join(inject("temporaryDirectory"), randomUUID());
			await writeFile(
				wrapper,
				`#!/bin/sh\nNODE_OPTIONS="$NODE_OPTIONS --require ${agent}" exec "$@"\n`,
			);
			await chmod(wrapper, 0o755);
			const begin = (faulty = "") =>
				start({
					files: { "index.js": HANDLER },
					wrapper,
					environment: {
						CONNTRACE_LAMBDA_FLUSH: flush,
						...(faulty && { TEST_FAULTY: faulty }),
					},
				});
			let lambda = await begin();
			await lambda.service.invoke({ throwing: [] });
			const before = answerOf(await lambda.service.invoke({ throwing: [] }));
			const functions = before.reached.filter(
				(name) => OF_LAMBDA.test(name) && !TRUSTED.includes(name),
			);
			const thrown = new Set<string>();
			const noticed: string[] = [];
			const answered = (
				{ service }: typeof lambda,
				throwing: readonly string[],
			): Promise<Outcome | undefined> =>
				Promise.race([
					service.invoke({ throwing }),
					sleep(PATIENCE_MS, undefined),
				]);
			for (const name of functions) {
				const outcome = await answered(lambda, [name]);
				if (outcome?.kind === "response") {
					for (const one of answerOf(outcome).thrown) thrown.add(one);
				} else {
					noticed.push(`${name}: ${lambda.function.output().slice(-1500)}`);
					lambda = await begin();
				}
			}
			expect(noticed).toEqual([]);
			expect(thrown.size).toBeGreaterThan(20);
			expect(lambda.function.said()).toEqual([
				expect.stringContaining("a fault of its own"),
			]);

			if (process.env.CONNTRACE_TEST_FAULTS !== "all") return;
			// What is called before the first invocation, in no later one, or after the last answer.
			const unthrown: string[] = [];
			const left = functions.filter((name) => !thrown.has(name));
			while (left.length > 0) {
				await Promise.all(
					left.splice(0, AT_ONCE).map(async (name) => {
						const faulty = await begin(name);
						await answered(faulty, [name]);
						const outcome = await answered(faulty, []);
						if (outcome?.kind !== "response") {
							noticed.push(`${name}: ${faulty.function.output()}`);
						} else if (!answerOf(outcome).thrown.includes(name)) {
							unthrown.push(name);
						}
						await faulty.function.stop();
					}),
				);
			}
			expect(noticed).toEqual([]);
			expect(unthrown).toEqual([]);
		}, 400_000);
	}
});
