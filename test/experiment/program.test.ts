import { expect, it } from "vitest";
import { neutralEnvironment, runNode } from "../../src/experiment/program.js";
import { Failure } from "../../src/failure.js";

const never = new AbortController().signal;

function run(
	program: string,
	{ signal = never, timeLimit = 20_000, onLine = (_: string) => {} } = {},
): Promise<void> {
	const env = neutralEnvironment();
	return runNode("the program", ["-e", program], {
		env,
		signal,
		timeLimit,
		onLine,
	});
}

it("hands on the lines that the program writes", async () => {
	const lines: string[] = [];
	await run("console.log('one\\ntwo')", { onLine: (line) => lines.push(line) });
	expect(lines).toEqual(["one", "two"]);
});

it("says how the program failed", async () => {
	const ended = run("throw new Error('out of paper')");
	await expect(ended).rejects.toThrow(Failure);
	await expect(ended).rejects.toThrow(
		/^the program ended with status 1:\n(.*\n)*.*out of paper/,
	);
});

it("says that the program hangs", async () => {
	await expect(
		run("setInterval(() => {}, 1000)", { timeLimit: 500 }),
	).rejects.toThrow("the program did not end within 0.5 s. It wrote no error.");
});

it("keeps the shell's tracing and AWS variables away", () => {
	const kept = { ...process.env };
	const foreign = {
		OTEL_SDK_DISABLED: "true",
		CONNTRACE_FILE: "spans.jsonl",
		AWS_PROFILE: "production",
		NODE_TLS_REJECT_UNAUTHORIZED: "0",
	};
	Object.assign(process.env, foreign);
	try {
		const environment = neutralEnvironment();
		expect(environment.PATH).toBe(process.env.PATH);
		for (const name of Object.keys(foreign)) {
			expect(environment).not.toHaveProperty(name);
		}
	} finally {
		process.env = kept;
	}
});

it("ends the program with the experiment", async () => {
	const interruption = new AbortController();
	const ended = run("console.log('up'); setInterval(() => {}, 1000)", {
		signal: interruption.signal,
		onLine: () => interruption.abort(),
	});
	await expect(ended).rejects.toThrow("aborted");
});

it("starts nothing once the experiment is to end", async () => {
	await expect(
		run("process.exit(3)", { signal: AbortSignal.abort() }),
	).rejects.toThrow("aborted");
});
