import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What makes calls or traces them: the packages whose versions a question about a trace begins with. */
const NAMES = [
	"@opentelemetry/api",
	"@opentelemetry/sdk-node",
	"@opentelemetry/sdk-trace-base",
	"@opentelemetry/sdk-trace-node",
	"@opentelemetry/instrumentation-*",
	"@opentelemetry/auto-instrumentations-node",
	"@aws-sdk/client-*",
	"@smithy/node-http-handler",
	"aws-sdk",
	"conntrace",
	"dd-trace",
	"elastic-apm-node",
	"newrelic",
	"undici",
] as const;

export interface FoundPackage {
	readonly name: string;
	readonly version: string;
}

/** The packages of interest that a program in this folder finds, each in the version that it would load. */
export function findPackages(folder: string): FoundPackage[] {
	const found = new Map<string, FoundPackage>();
	for (let current = folder; ; current = dirname(current)) {
		for (const one of NAMES.flatMap((name) =>
			matching(join(current, "node_modules"), name),
		)) {
			if (!found.has(one.name)) found.set(one.name, one);
		}
		if (current === dirname(current)) break;
	}
	return [...found.values()].sort((one, other) =>
		one.name.localeCompare(other.name),
	);
}

function matching(folder: string, name: string): FoundPackage[] {
	if (!name.endsWith("*")) return readPackage(folder, name);
	const scope = dirname(name);
	const start = name.slice(scope.length + 1, -1);
	return namesIn(join(folder, scope))
		.filter((one) => one.startsWith(start))
		.flatMap((one) => readPackage(folder, `${scope}/${one}`));
}

function namesIn(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch {
		// Not there, which is an answer.
		return [];
	}
}

function readPackage(folder: string, name: string): FoundPackage[] {
	try {
		const { version } = JSON.parse(
			readFileSync(join(folder, name, "package.json"), "utf8"),
		);
		return [{ name, version: String(version) }];
	} catch {
		// Not there, which is an answer.
		return [];
	}
}
