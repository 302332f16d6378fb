import { test as base, expect, inject } from "vitest";
import {
	PROXY_CREDENTIALS,
	PROXY_PASSWORD,
	startProxy,
	type TestProxy,
} from "../support/proxy.js";
import type { Run } from "../support/run-program.js";
import { runScenario, type Scenario } from "../support/scenario.js";
import { startServer, type TestServer } from "../support/server.js";

export interface Values {
	/** The URL of the proxy, with credentials. */
	readonly proxy: string;
	/** The copy of undici to use. */
	readonly undici?: string;
}

/** Runs a scenario behind a proxy; its credentials must have reached the proxy and nothing else. */
export async function runThrough(
	proxy: TestProxy,
	{ origin, port }: TestServer,
	scenario: Scenario<Values>,
	options: {
		readonly undici?: string | undefined;
		readonly environment?: Readonly<Record<string, string>>;
	} = {},
): Promise<Run> {
	const { undici, environment = {} } = options;
	const run = await runScenario<Values>({ origin, port }, scenario, {
		values: { proxy: proxy.url, ...(undici && { undici }) },
		environment,
		// Node 22 warns that its support of proxies is experimental.
		nodeOptions: ["--no-warnings"],
	});
	expect(proxy.credentials).toContain(`Basic ${PROXY_CREDENTIALS}`);
	for (const secret of [PROXY_CREDENTIALS, PROXY_PASSWORD, "5ec2e7"])
		expect(run.exported).not.toContain(secret);
	return run;
}

interface Fixtures {
	readonly plain: TestServer;
	readonly server: TestServer;
	readonly proxy: TestProxy;
	readonly secureProxy: TestProxy;
	readonly refusing: TestProxy;
}

export const test = base.extend<Fixtures>({
	// biome-ignore lint/correctness/noEmptyPattern: the form that vitest asks for
	plain: async ({}, use) => {
		const server = await startServer();
		await use(server);
		await server.close();
	},
	// biome-ignore lint/correctness/noEmptyPattern: the form that vitest asks for
	server: async ({}, use) => {
		const server = await startServer({ certificate: inject("certificate") });
		await use(server);
		await server.close();
	},
	// biome-ignore lint/correctness/noEmptyPattern: the form that vitest asks for
	proxy: async ({}, use) => {
		const proxy = await startProxy();
		await use(proxy);
		await proxy.close();
	},
	// biome-ignore lint/correctness/noEmptyPattern: the form that vitest asks for
	secureProxy: async ({}, use) => {
		const proxy = await startProxy({ certificate: inject("certificate") });
		await use(proxy);
		await proxy.close();
	},
	// biome-ignore lint/correctness/noEmptyPattern: the form that vitest asks for
	refusing: async ({}, use) => {
		const proxy = await startProxy({ refuse: 407 });
		await use(proxy);
		await proxy.close();
	},
});
