import { spawnSync } from "node:child_process";
import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { cached } from "./cache.js";

declare module "vitest" {
	export interface ProvidedContext {
		/** Path of a Python that has moto's server; absent where it cannot be had. */
		moto: string | undefined;
	}
}

const REQUIREMENTS = "test/real/moto/requirements.txt";

/** Brings moto's server from PyPI, once for each state of requirements.txt. */
export default function setup({ provide }: TestProject): void {
	const folder = cached("moto", [REQUIREMENTS]);
	const obstacle = existsSync(folder) ? undefined : bring(folder);
	if (obstacle)
		console.log(`SKIPPED: tests with the server of moto: ${obstacle}`);
	provide("moto", obstacle ? undefined : join(folder, "bin/python"));
}

/** @returns why it could not be had, or nothing */
function bring(folder: string): string | undefined {
	const unfinished = `${folder}.${process.pid}`;
	const python = (program: string, ...args: string[]) =>
		spawnSync(program, ["-m", ...args], { stdio: "inherit" });
	const environment = python("python3", "venv", unfinished);
	if (environment.error) return "python3 is not installed";
	if (environment.status !== 0)
		return "python3 has no venv (Debian: apt-get install python3-venv)";
	const { status } = python(
		join(unfinished, "bin/python"),
		...["pip", "install", "--quiet", "--disable-pip-version-check"],
		...["--requirement", REQUIREMENTS],
	);
	if (status !== 0) return "its Python packages could not be had";
	renameSync(unfinished, folder);
	return undefined;
}
