/**
 * The environment in which a command's Node processes load the agent and send their spans to a receiver; all else stays.
 * @param preloads files to load, in this order; the agent's among them
 */
export function preloadEnvironment(
	env: NodeJS.ProcessEnv,
	preloads: readonly string[],
	receiverUrl: string,
): NodeJS.ProcessEnv {
	return {
		// Nobody waits for the receiver on a machine that keeps up; on a busy one, nothing should be lost.
		CONNTRACE_FLUSH_TIMEOUT: "5000",
		...env,
		NODE_OPTIONS: withPreloads(env, preloads),
		CONNTRACE_RECEIVER: receiverUrl,
	};
}

/** NODE_OPTIONS with files that are loaded after what is there already. */
export function withPreloads(
	env: NodeJS.ProcessEnv,
	preloads: readonly string[],
): string {
	return [
		env.NODE_OPTIONS?.trim(),
		...preloads.map((file) => `--require ${quoted(file)}`),
	]
		.filter(Boolean)
		.join(" ");
}

/** As NODE_OPTIONS takes a value with spaces. */
function quoted(path: string): string {
	return /[\s"\\]/.test(path) ? `"${path.replace(/["\\]/g, "\\$&")}"` : path;
}
