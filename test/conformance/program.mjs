import { spawn } from "node:child_process";
import {
	closeSync,
	mkdtempSync,
	openSync,
	readFileSync,
	rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Of the caller's environment; nothing of its proxies, Node options or tracing. */
const KEPT_VARIABLES = ["PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ"];

const running = new Set();
process.on("exit", () => {
	for (const group of running) kill(group);
});
for (const signal of ["SIGINT", "SIGTERM"])
	process.on(signal, () => process.exit(130));

/**
 * Runs Node with these arguments in a process group of its own, of which nothing is left afterwards.
 * @param {{ node: string, arguments: readonly string[], directory?: string, environment?: Record<string, string>,
 *   timeLimit?: number }} options `timeLimit` in milliseconds
 * @returns {Promise<{ code: number | null, signal: string | null, late: boolean, stdout: string, stderr: string }>}
 *   `late`: it was killed at its time limit
 */
export async function runNode({
	node,
	arguments: arguments_,
	directory,
	environment = {},
	timeLimit = 60_000,
}) {
	// Its path is short: that of a Unix socket below it has little room.
	const temporary = mkdtempSync(join(tmpdir(), "ct-"));
	// Files, since what a program leaves running keeps a pipe open.
	const files = ["stdout", "stderr"].map((name) => join(temporary, name));
	const outputs = files.map((file) => openSync(file, "w"));
	const child = spawn(node, arguments_, {
		cwd: directory ?? temporary,
		env: {
			...Object.fromEntries(
				KEPT_VARIABLES.filter((name) => name in process.env).map((name) => [
					name,
					process.env[name],
				]),
			),
			NODE_TEST_DIR: temporary,
			...environment,
		},
		detached: true,
		stdio: ["ignore", ...outputs],
	});
	running.add(child.pid);
	let late = false;
	const timer = setTimeout(() => {
		late = true;
		kill(child.pid);
	}, timeLimit);
	try {
		const [code, signal] = await new Promise((resolve, reject) => {
			child.on("error", reject);
			child.on("exit", (...end) => resolve(end));
		});
		kill(child.pid);
		const [stdout, stderr] = files.map((file) => readFileSync(file, "utf8"));
		return { code, signal, late, stdout, stderr };
	} finally {
		clearTimeout(timer);
		running.delete(child.pid);
		for (const output of outputs) closeSync(output);
		rmSync(temporary, { recursive: true, force: true });
	}
}

function kill(group) {
	try {
		process.kill(-group, "SIGKILL");
	} catch (error) {
		if (error.code !== "ESRCH") throw error;
	}
}
