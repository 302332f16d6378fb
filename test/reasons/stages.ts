import { execFileSync } from "node:child_process";
import { expect } from "vitest";
import type { Trace } from "../support/scenario.js";
import type { Span } from "../support/spans.js";

/** What a fresh request says of its connection. */
export interface Claim {
	readonly reason: unknown;
	readonly detail: unknown;
	readonly contributing: unknown;
	/** Position, in the stage, of the request that had used the connection whose end it names. */
	readonly previous: number | undefined;
	/** Free, busy, queued and largest number of the pool's connections. */
	readonly pool: readonly unknown[];
}

/** Of a pool whose only connection has ended, without a limit. */
export const NO_POOL_LEFT = [0, 0, 0, undefined];

/** After the server has closed the only connection while it was idle. */
export const CLOSED_IDLE = {
	reason: "peer_closed_idle",
	detail: expect.stringMatching(
		/^idle \d+ ms, closed by the server, the server closes after 5000 ms$/,
	),
	contributing: [],
	previous: 0,
	pool: NO_POOL_LEFT,
};

/** After it has reset it. */
export const RESET_IDLE = {
	...CLOSED_IDLE,
	reason: "peer_reset_idle",
	detail: expect.stringMatching(/^idle \d+ ms, reset by the server/),
};

/**
 * What the requests of one stage say, in the order in which they were made: `request <number>` for a reused
 * connection, a claim for a fresh one. The last part of a request's path names its stage.
 */
export function stage(
	{ requests }: Pick<Trace, "requests">,
	name: string,
): (string | Claim)[] {
	const own = requests.filter(({ attributes }) =>
		String(attributes["url.full"]).endsWith(`/${name}`),
	);
	if (own.length === 0) throw new Error(`no request of the stage ${name}`);
	return own.map((request) =>
		request.attributes["conntrace.connection.reused"] === true
			? `request ${request.attributes["conntrace.connection.request_number"]}`
			: claimOf(request, own),
	);
}

function claimOf({ attributes }: Span, stage: readonly Span[]): Claim {
	const previousId = attributes["conntrace.connection.previous_id"];
	return {
		reason: attributes["conntrace.connection.reason"],
		detail: attributes["conntrace.connection.reason_detail"],
		contributing: attributes["conntrace.connection.contributing"] ?? [],
		previous:
			previousId === undefined
				? undefined
				: stage.findIndex(
						(other) =>
							other.attributes["conntrace.connection.id"] === previousId,
					),
		pool: ["free", "busy", "queued", "max"].map(
			(count) => attributes[`conntrace.pool.${count}`],
		),
	};
}

/** The last claim of a stage: the one that it stages. */
export function lastClaim(run: Pick<Trace, "requests">, name: string): Claim {
	const claim = stage(run, name)
		.filter((said) => typeof said !== "string")
		.at(-1);
	if (!claim) throw new Error(`no fresh connection in the stage ${name}`);
	return claim;
}

/** Major version of the Node that runs the traced programs. */
export const testedNode = Number(
	execFileSync(
		process.env.CONNTRACE_TEST_NODE ?? process.execPath,
		["-p", "process.versions.node"],
		{ encoding: "utf8" },
	).split(".")[0],
);

/** Since Node 22 an agent watches its idle connections for data. */
export const guardsIdleConnections = testedNode >= 22;
