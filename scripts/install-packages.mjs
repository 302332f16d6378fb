// Installs the packages of a directory that has its own package.json and lock file. Does nothing if they are there.
import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

/** @returns {boolean} whether they were missing */
export function installPackages(directory) {
	const installed = join(directory, "node_modules/.package-lock.json");
	const wanted = join(directory, "package-lock.json");
	if (
		existsSync(installed) &&
		statSync(installed).mtimeMs >= statSync(wanted).mtimeMs
	) {
		return false;
	}
	execFileSync(
		"npm",
		["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
		{ cwd: directory, stdio: "inherit", shell: process.platform === "win32" },
	);
	return true;
}
