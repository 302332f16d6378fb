// Installs AWS's runtime clients for the tests without their install scripts, which need a compiler and minutes; what
// those would build is stood in for. Does nothing if they are there.
import { execFileSync } from "node:child_process";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const directory = fileURLToPath(
	new URL("../test/lambda/runtime-clients/", import.meta.url),
);
const installed = `${directory}node_modules/.package-lock.json`;
const NATIVE_PARTS = [
	"aws-lambda-ric-3/dist/rapid-client.node",
	"aws-lambda-ric-4/rapid-client.node",
];

export function installRuntimeClients() {
	if (
		existsSync(installed) &&
		statSync(installed).mtimeMs >=
			statSync(`${directory}package-lock.json`).mtimeMs
	)
		return;
	execFileSync(
		"npm",
		["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
		{ cwd: directory, stdio: "inherit", shell: process.platform === "win32" },
	);
	for (const part of NATIVE_PARTS)
		writeFileSync(`${directory}node_modules/${part}`, "");
}
