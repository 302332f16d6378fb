import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readConfiguration } from "../../src/agent/config.js";
import {
	isConcurrent,
	readFunction,
	runtimeApiOf,
} from "../../src/lambda/environment.js";
import { neighbours } from "../../src/lambda/neighbours.js";

/** What the agent reads of an environment in Lambda. */
export function readLambda(env: NodeJS.ProcessEnv): void {
	runtimeApiOf(env);
	isConcurrent(env);
	readFunction(env);
	neighbours(env);
}

/** The names of all variables that the agent reads: what it asks for, and what its source has. */
export function variablesRead(): Set<string> {
	const read = new Set<string>();
	const env = new Proxy<NodeJS.ProcessEnv>(
		{},
		{
			get: (_, name) => {
				read.add(String(name));
				return undefined;
			},
		},
	);
	readConfiguration(env);
	readLambda(env);
	for (const file of readdirSync("src", { recursive: true }) as string[]) {
		// Commands tell the programs that they start by variables of their own.
		if (!file.endsWith(".ts") || /^(experiment|commands|doctor)/.test(file))
			continue;
		const source = readFileSync(join("src", file), "utf8");
		for (const [name] of source.matchAll(/\b(CONNTRACE|OTEL)(_[A-Z]+)+\b/g))
			read.add(name);
	}
	return read;
}
