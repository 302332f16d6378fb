import { execFileSync } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { installPackages } from "../../scripts/install-packages.mjs";
import { installRuntimeClients } from "../../scripts/install-runtime-clients.mjs";
import { GENERATIONS } from "../library/support.js";
import { type Certificate, makeCertificates } from "./certificates.js";

declare module "vitest" {
	export interface ProvidedContext {
		/** What the servers of the tests prove themselves with. */
		certificate: Certificate;
		/** The authority that signed it, PEM. */
		authority: string;
		/** The file of that. */
		authorityFile: string;
		/** A directory that is removed at the end. */
		temporaryDirectory: string;
	}
}

/** Builds the agent that the programs of the tests are run with and makes the certificates, once for all tests. */
export default async function setup({
	provide,
}: TestProject): Promise<() => Promise<void>> {
	execFileSync(process.execPath, ["scripts/build.mjs"], { stdio: "inherit" });
	execFileSync(process.execPath, ["scripts/layer.mjs"], { stdio: "inherit" });
	installRuntimeClients();
	for (const generation of GENERATIONS) {
		const directory = `test/library/${generation}`;
		installPackages(directory);
		// Beside the packages that they are to find.
		await copyFile("dist/index.js", join(directory, "conntrace.js"));
		for (const program of ["program.mjs", "alone.cjs"]) {
			await copyFile(join("test/library", program), join(directory, program));
		}
	}
	const directory = await mkdtemp(join(tmpdir(), "conntrace-test-"));
	const { server, authority } = await makeCertificates();
	const authorityFile = join(directory, "authority.pem");
	await writeFile(authorityFile, authority);
	provide("certificate", server);
	provide("authority", authority);
	provide("authorityFile", authorityFile);
	provide("temporaryDirectory", directory);
	return () => rm(directory, { recursive: true });
}
