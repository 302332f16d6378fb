// Makes a bare clone ready to run: installs the locked dependencies if they are missing or outdated, then builds.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";

const installed = "node_modules/.package-lock.json";

function run(command, args) {
	const { status, error } = spawnSync(command, args, {
		stdio: "inherit",
		shell: process.platform === "win32",
	});
	if (error) throw error;
	if (status !== 0) process.exit(status ?? 1);
}

if (
	!existsSync(installed) ||
	statSync(installed).mtimeMs < statSync("package-lock.json").mtimeMs
) {
	run("npm", ["ci", "--no-audit", "--no-fund"]);
}
run(process.execPath, ["scripts/build.mjs"]);
