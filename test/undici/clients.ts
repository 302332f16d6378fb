import { testedNode } from "../reasons/stages.js";
import {
	describePlainAndSecure,
	type Program,
	type Scenario,
	type ScenarioOptions,
	type Trace,
	testWith,
	trace,
} from "../support/scenario.js";
import type { TestServer } from "../support/server.js";

/** Copies of undici from npm that the tested Node can run. */
export const COPIES = [
	"undici-6",
	"undici-7",
	// Needs Node 22.19.
	...(testedNode >= 22 ? ["undici-8"] : []),
];

/** The built-in fetch, which Node keeps at a version of its own, and the copies. */
const CLIENTS = ["fetch", ...COPIES];

interface Client {
	readonly test: ReturnType<typeof testWith>;
	readonly client: string;
	readonly secure: boolean;
	/** Runs a scenario with the client and judges its spans. */
	trace<Values extends object>(
		server: TestServer,
		scenario: Scenario<Values & { readonly undici?: string }>,
		options?: ScenarioOptions<Values>,
	): Promise<Trace>;
}

export type UndiciProgram = Program<{ readonly undici?: string }>;

/** Runs the same tests with each copy of undici, plain and over TLS. */
export function describeCopies(
	name: string,
	define: (client: Client) => void,
): void {
	describeEach(name, COPIES, define);
}

/** The same with the built-in fetch as well. */
export function describeClients(
	name: string,
	define: (client: Client) => void,
): void {
	describeEach(name, CLIENTS, define);
}

function describeEach(
	name: string,
	clients: readonly string[],
	define: (client: Client) => void,
): void {
	for (const client of clients) {
		describePlainAndSecure(`${name}, ${client}`, ["http", "https"], (secure) =>
			define({
				test: testWith(secure),
				client,
				secure,
				trace: (server, scenario, options = {}) =>
					trace(server, scenario as Scenario<object>, {
						...options,
						values: {
							...options.values,
							...(client !== "fetch" && { undici: client }),
						},
					}),
			}),
		);
	}
}
