import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
	export interface ProvidedContext {
		/** The Jaeger binary; absent where it cannot be built. */
		jaeger: string | undefined;
	}
}

const MODULE = resolve("test/real");
const PROGRAM = "github.com/jaegertracing/jaeger/cmd/jaeger";

/** Builds Jaeger from its published Go module, once for each state of go.mod, into the user's cache. */
export default function setup({ provide }: TestProject): void {
	const cache = join(
		process.env.XDG_CACHE_HOME || join(homedir(), ".cache"),
		"conntrace",
	);
	const binary = join(cache, `jaeger-${stateOfModule()}`);
	const obstacle = existsSync(binary) ? undefined : build(cache, binary);
	if (obstacle) console.log(`SKIPPED: real Jaeger: ${obstacle}`);
	provide("jaeger", obstacle ? undefined : binary);
}

/** @returns why it could not be built, or nothing */
function build(cache: string, binary: string): string | undefined {
	if (spawnSync("go", ["version"]).error) return "Go is not installed";
	console.log("Building Jaeger from its Go module takes some minutes ...");
	mkdirSync(cache, { recursive: true });
	const unfinished = `${binary}.${process.pid}`;
	const { status } = spawnSync("go", ["build", "-o", unfinished, PROGRAM], {
		cwd: MODULE,
		stdio: "inherit",
		// The Go that is installed, and no other that would have to be fetched.
		env: { ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "-mod=readonly" },
	});
	if (status !== 0) return "its Go module could not be built";
	renameSync(unfinished, binary);
	return undefined;
}

function stateOfModule(): string {
	const hash = createHash("sha256");
	for (const file of ["go.mod", "go.sum"]) {
		hash.update(readFileSync(join(MODULE, file)));
	}
	return hash.digest("hex").slice(0, 12);
}
