import { spawnSync } from "node:child_process";
import { existsSync, renameSync } from "node:fs";
import { resolve } from "node:path";
import type { TestProject } from "vitest/node";
import { cached } from "./cache.js";

declare module "vitest" {
	export interface ProvidedContext {
		/** The Jaeger binary; absent where it cannot be built. */
		jaeger: string | undefined;
		/** An OpenTelemetry Collector with the components of otel/scale; absent where it cannot be built. */
		collector: string | undefined;
	}
}

/** Builds Jaeger and a Collector from published Go modules, once for each state of their go.mod. */
export default function setup({ provide }: TestProject): void {
	provide(
		"jaeger",
		binary("jaeger", "test/real", "github.com/jaegertracing/jaeger/cmd/jaeger"),
	);
	provide("collector", binary("collector", "test/real/collector", "."));
}

function binary(
	name: string,
	module: string,
	program: string,
): string | undefined {
	const folder = resolve(module);
	const sources = ["go.mod", "go.sum", "main.go"].map(
		(file) => `${folder}/${file}`,
	);
	const file = cached(
		name,
		sources.filter((source) => existsSync(source)),
	);
	const obstacle = existsSync(file)
		? undefined
		: build(name, folder, program, file);
	if (obstacle) console.log(`SKIPPED: tests with a real ${name}: ${obstacle}`);
	return obstacle ? undefined : file;
}

/** @returns why it could not be built, or nothing */
function build(
	name: string,
	folder: string,
	program: string,
	file: string,
): string | undefined {
	if (spawnSync("go", ["version"]).error) return "Go is not installed";
	console.log(`Building ${name} from its Go modules takes some minutes ...`);
	const unfinished = `${file}.${process.pid}`;
	const { status } = spawnSync("go", ["build", "-o", unfinished, program], {
		cwd: folder,
		stdio: "inherit",
		// The Go that is installed, and no other that would have to be fetched.
		env: { ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "-mod=readonly" },
	});
	if (status !== 0) return "its Go modules could not be built";
	renameSync(unfinished, file);
	return undefined;
}
