import { expect, it } from "vitest";
import { runNode } from "../../src/demo/child.js";
import { Failure } from "../../src/failure.js";

const never = new AbortController().signal;

function run(program: string, signal = never, variables = {}) {
	return runNode("the program", ["-e", program], variables, signal);
}

it("returns what the program wrote to stderr", async () => {
	expect(await run("console.error('careful')")).toBe("careful\n");
});

it("says how the program failed", async () => {
	const ended = run("throw new Error('out of paper')");
	await expect(ended).rejects.toThrow(Failure);
	await expect(ended).rejects.toThrow(
		/^the program ended with status 1:\n(.*\n)*.*out of paper/,
	);
});

it("gives the program its variables and keeps the shell's tracing and AWS variables away", async () => {
	const kept = { ...process.env };
	Object.assign(process.env, {
		OTEL_SDK_DISABLED: "true",
		CONNTRACE_FILE: "spans.jsonl",
		AWS_PROFILE: "production",
		NODE_TLS_REJECT_UNAUTHORIZED: "0",
	});
	try {
		const environment = JSON.parse(
			await run("console.error(JSON.stringify(process.env))", never, {
				AWS_REGION: "us-east-1",
			}),
		);
		expect(environment.AWS_REGION).toBe("us-east-1");
		expect(environment.PATH).toBe(process.env.PATH);
		for (const name of [
			"OTEL_SDK_DISABLED",
			"CONNTRACE_FILE",
			"AWS_PROFILE",
			"NODE_TLS_REJECT_UNAUTHORIZED",
		]) {
			expect(environment).not.toHaveProperty(name);
		}
	} finally {
		process.env = kept;
	}
});

it("ends the program with the demo", async () => {
	const interruption = new AbortController();
	const begin = performance.now();
	const ended = run("setInterval(() => {}, 1000)", interruption.signal);
	setTimeout(() => interruption.abort(), 100);
	await expect(ended).rejects.toThrow("aborted");
	expect(performance.now() - begin).toBeLessThan(5000);
});

it("starts nothing once the demo is to end", async () => {
	await expect(run("process.exit(3)", AbortSignal.abort())).rejects.toThrow(
		"aborted",
	);
});
