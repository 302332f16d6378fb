// Installs AWS's runtime clients for the tests without their install scripts, which need a compiler and minutes; what
// those would build is stood in for. Does nothing if they are there.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { installPackages } from "./install-packages.mjs";

const directory = fileURLToPath(
	new URL("../test/lambda/runtime-clients/", import.meta.url),
);
const NATIVE_PARTS = [
	"aws-lambda-ric-3/dist/rapid-client.node",
	"aws-lambda-ric-4/rapid-client.node",
];

export function installRuntimeClients() {
	if (!installPackages(directory)) return;
	for (const part of NATIVE_PARTS)
		writeFileSync(`${directory}node_modules/${part}`, "");
}
