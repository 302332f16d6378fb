import {
	getEnvironmentData,
	isMainThread,
	setEnvironmentData,
} from "node:worker_threads";

/** Under this name the worker threads of a process find its variables; Node hands such data on to each of them. */
const KEY = "conntrace";
const OURS = /^(OTEL_|CONNTRACE_|AWS_NODEJS_CONNECTION_REUSE_ENABLED$)/;

/**
 * The variables that configure the agent in this thread: of its own environment, and those of the process where a
 * worker thread was given an environment without them, as by `new Worker(file, { env: {} })`.
 */
export function agentVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	const inherited = isMainThread ? {} : Object(getEnvironmentData(KEY));
	const own = Object.entries(env).filter(([name]) => OURS.test(name));
	const variables = { ...inherited, ...Object.fromEntries(own) };
	setEnvironmentData(KEY, variables);
	return variables;
}
