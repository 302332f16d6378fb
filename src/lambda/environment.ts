import { isMainThread } from "node:worker_threads";

/** Where the runtime and its extensions talk to Lambda. */
export interface RuntimeApi {
	readonly host: string;
	readonly port: number;
}

/**
 * The address of AWS_LAMBDA_RUNTIME_API, if this thread runs the handler of a Lambda function: the main thread of an
 * environment with concurrent invocations does nothing but start the workers that do.
 */
export function runtimeApiOf(env: NodeJS.ProcessEnv): RuntimeApi | undefined {
	const { AWS_LAMBDA_RUNTIME_API: address, _HANDLER: handler } = env;
	if (!address || !handler) return undefined;
	if (isConcurrent(env) && isMainThread) return undefined;
	const [host = "", port] = address.split(":");
	return { host, port: Number(port ?? 80) };
}

/** Invocations run side by side: Lambda Managed Instances. */
export function isConcurrent(env: NodeJS.ProcessEnv): boolean {
	return env.AWS_LAMBDA_MAX_CONCURRENCY !== undefined;
}

export interface LambdaFunction {
	readonly name: string;
	readonly version: string | undefined;
	/** The environment is made ready before anybody waits for it. */
	readonly provisioned: boolean;
	/** X-Ray's trace header names the parent of an invocation, as OTEL_PROPAGATORS says. */
	readonly traceHeaderIsParent: boolean;
	/** The runtime asks for invocations through `node:http`. */
	readonly alternativeClient: boolean;
}

export function readFunction(env: NodeJS.ProcessEnv): LambdaFunction {
	return {
		name: env.AWS_LAMBDA_FUNCTION_NAME || "unknown_function",
		version: env.AWS_LAMBDA_FUNCTION_VERSION || undefined,
		provisioned:
			env.AWS_LAMBDA_INITIALIZATION_TYPE === "provisioned-concurrency",
		traceHeaderIsParent: /\bxray(-lambda)?\b/.test(env.OTEL_PROPAGATORS ?? ""),
		alternativeClient:
			env.AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1 === "true",
	};
}
