import type { Chapter, Claim, Run, Story, SweepPoint } from "../report/model";
import { count, milliseconds } from "../report/table";
import { type Counted, findDisagreement } from "./truth";
import type { Scale, VariantId } from "./variants";

/** What the story is told from. */
export interface Told {
	/** Those that were run. */
	readonly runs: ReadonlyMap<VariantId, Run>;
	/** What the embedded server counted in them. */
	readonly counted: ReadonlyMap<VariantId, Counted>;
	readonly scale: Scale;
	readonly conditions: Story["conditions"];
}

/** The investigation from first to last. Every claim is held against the runs; one that they do not bear out says so. */
export function tellStory(told: Told): Story {
	return {
		title: "What a DynamoDB put pays for its connection",
		introduction:
			"A function that puts an event into DynamoDB at a steady rate shows DNS lookups and latency jumps that nobody can explain. Each chapter makes the same calls and changes one thing.",
		conditions: told.conditions,
		chapters: [
			everyCall(told),
			oneVariable(told),
			version3(told),
			waysToLoseIt(told),
			manyEndpoints(told),
			rateSweep(told),
			clientIdleLimit(told),
			probes(told),
			freeze(told),
			truth(told),
		].filter((chapter) => chapter !== undefined),
	};
}

function everyCall(told: Told): Chapter | undefined {
	return chapter(told, ["v2", "v2-variable"], {
		title: "Every call pays for a connection",
		text: "AWS SDK v2 as it comes closes each connection after its response, so that each put looks up the name, connects and shakes hands again.",
		claims: ([v2, reusing]) => [
			{
				claim: "with SDK v2 as it comes, every put gets a fresh connection",
				holds: allFresh(v2),
				measured: freshOf(v2),
			},
			{
				claim:
					"the reason is that the agent closes every connection after its response",
				holds: isMainReason(v2, "keep_alive_disabled"),
				measured: reasonsOf(v2),
			},
			{
				claim: "each of these puts looks up the name",
				holds: v2.overall.dnsLookups === v2.overall.requests,
				measured: `${count(v2.overall.dnsLookups, "lookup")} for ${count(v2.overall.requests, "put")}`,
			},
			{
				claim: "a put on a fresh connection takes longer than on a kept one",
				holds: p50(v2) > p50(reusing),
				measured: latencies(v2, reusing),
			},
		],
	});
}

function oneVariable(told: Told): Chapter | undefined {
	return chapter(told, ["v2-variable", "v2"], {
		title: "One variable keeps the connection",
		text: "The same program with AWS_NODEJS_CONNECTION_REUSE_ENABLED=1.",
		claims: ([reusing, v2]) => [
			oneConnection(reusing),
			{
				claim: "setting up connections costs less",
				holds: reusing.overall.setupMs < v2.overall.setupMs,
				measured: `${milliseconds(reusing.overall.setupMs)} ms in all against ${milliseconds(v2.overall.setupMs)} ms`,
			},
		],
	});
}

function version3(told: Told): Chapter | undefined {
	return chapter(told, ["v3"], {
		title: "SDK v3 keeps it by itself",
		text: "AWS SDK v3 with one client and no settings.",
		claims: ([v3]) => [oneConnection(v3)],
	});
}

function waysToLoseIt(told: Told): Chapter | undefined {
	return chapter(told, ["v3", "keep-alive-off", "per-call"], {
		title: "Two ways to lose it again",
		text: "SDK v3 with keep-alive switched off in its agent, and with a client that is built in every call.",
		claims: ([v3, off, perCall]) => [
			{
				claim: "with keep-alive off, every put gets a fresh connection",
				holds: allFresh(off) && isMainReason(off, "keep_alive_disabled"),
				measured: `${freshOf(off)}; ${reasonsOf(off)}; ${latencies(off, v3)}`,
			},
			{
				claim:
					"a client per call makes a connection per call, though one is open in another client",
				holds: allFresh(perCall) && isMainReason(perCall, "different_agent"),
				measured: `${freshOf(perCall)}; ${reasonsOf(perCall)}; ${latencies(perCall, v3)}`,
			},
		],
	});
}

function manyEndpoints(told: Told): Chapter | undefined {
	return chapter(told, ["all-pools", "few-pools"], {
		title: "More endpoints than pools",
		text: "Three endpoints are called in turn. Node itself keeps connections to any number of hosts; here the program keeps a client per endpoint and closes the one not used for longest when there are too many, as urllib3's num_pools does.",
		claims: ([all, few]) => [
			{
				claim: "with a pool for each endpoint, each is connected to once",
				holds: all.overall.fresh === all.hosts.length,
				measured: `${freshOf(all)} to ${count(all.hosts.length, "endpoint")}`,
			},
			{
				claim:
					"with one pool too few, called in turn, every put gets a fresh connection",
				holds: allFresh(few),
				measured: `${freshOf(few)}; ${reasonsOf(few)}`,
			},
		],
	});
}

function rateSweep(told: Told): Chapter | undefined {
	const { serverIdleLimit, sweep } = told.scale;
	const ids = sweep.map(({ share }): VariantId => `sweep-${share}`);
	const pauses = sweep.map(({ share }) => share * serverIdleLimit);
	const isBelow = (pause = 0) => pause < serverIdleLimit;
	const swept = chapter(told, ids, {
		title: "The rate decides",
		text: `The server closes connections that were idle for ${serverIdleLimit} ms. The same client makes its calls at different rates.`,
		claims: (runs) => {
			const faster = runs.filter((_, index) => isBelow(pauses[index]));
			const slower = runs.filter((_, index) => !isBelow(pauses[index]));
			return [
				{
					claim:
						"calls well within the idle limit share one connection at every rate",
					holds: faster.every(({ overall }) => overall.fresh === 1),
					measured: faster.map(named(freshOf)).join("; "),
				},
				{
					claim: "calls well beyond it get a fresh connection each",
					holds: slower.every(allFresh),
					measured: slower.map(named(freshOf)).join("; "),
				},
				{
					claim: "because the server has closed the idle connection",
					holds: slower.every((run) => isMainReason(run, "peer_closed_idle")),
					measured: slower.map(named(reasonsOf)).join("; "),
				},
			];
		},
	});
	if (!swept) return undefined;
	return {
		...swept,
		sweep: {
			label: "pause between calls, ms",
			mark: { x: serverIdleLimit, label: "the server's idle limit" },
			points: ids.flatMap((id, index): SweepPoint[] => {
				const run = told.runs.get(id);
				const { requests = 0, fresh = 0 } = run?.overall ?? {};
				return run && requests > 0
					? [
							{
								x: pauses[index] ?? 0,
								run: run.name,
								freshRatio: fresh / requests,
								p50Ms: p50(run),
							},
						]
					: [];
			}),
		},
	};
}

function clientIdleLimit(told: Told): Chapter | undefined {
	const slow = told.scale.sweep.find(({ share }) => share > 1)?.share ?? 0;
	return chapter(told, ["agent-idle-limit", `sweep-${slow}`], {
		title: "The client should close first",
		text: "httpsAgent: { keepAlive: true, timeout: ... } below the server's idle limit, with calls further apart than both. That saves no connection; it takes away the moment in which a request can meet a connection that the server is closing.",
		claims: ([limited, unlimited]) => [
			{
				claim: "the client closes idle connections itself",
				holds: isMainReason(limited, "agent_idle_timeout"),
				measured: reasonsOf(limited),
			},
			{
				claim: "as many connections are fresh as without the limit",
				holds: allFresh(limited) && allFresh(unlimited),
				measured: `${freshOf(limited)} against ${freshOf(unlimited)}`,
			},
			{
				claim: "no put fails",
				holds: limited.overall.failed === 0,
				measured: `${limited.overall.failed} of ${count(limited.overall.requests, "put")} failed`,
			},
		],
	});
}

function probes(told: Told): Chapter | undefined {
	return chapter(told, ["v3", "no-probes", "keep-alive-off", "probes-only"], {
		title: "TCP keep-alive is something else",
		text: "The socket option SO_KEEPALIVE makes the system probe idle connections. It is often taken for HTTP keep-alive, and Node's agents switch both together. Here each is switched alone, with everything else equal.",
		claims: ([both, persistent, neither, probesAlone]) => [
			{
				claim:
					"persistent connections are reused as well without TCP keep-alive",
				holds: persistent.overall.fresh === both.overall.fresh,
				measured: `${freshOf(persistent)} without it, ${freshOf(both)} with it`,
			},
			{
				claim: "TCP keep-alive alone saves no connection",
				holds: probesAlone.overall.fresh === neither.overall.fresh,
				measured: `${freshOf(probesAlone)} with it, ${freshOf(neither)} without it`,
			},
		],
	});
}

function freeze(told: Told): Chapter | undefined {
	const { freeze, serverIdleLimit } = told.scale;
	return chapter(told, ["freeze"], {
		title: "A frozen process meets a dead connection",
		text: `The process is stopped for ${freeze} ms before a call, as a Lambda environment is between two, while the server closes the connection after ${serverIdleLimit} ms. When it runs again, it sends the put on that connection before it hears of its end.`,
		claims: ([frozen]) => [
			{
				claim:
					"a put is sent on the dead connection and fails, and the SDK sends it again",
				holds:
					frozen.overall.failed > 0 &&
					frozen.requests.rows.some(({ attempt = 1 }) => attempt > 1),
				measured: `${frozen.overall.failed} of ${count(frozen.overall.requests, "attempt")} failed (${errorsOf(frozen)})`,
			},
			{
				claim: "the connection that it takes then is fresh for that reason",
				holds: frozen.overall.reasons.some(
					({ reason }) => reason === "stale_reset",
				),
				measured: reasonsOf(frozen),
			},
		],
	});
}

function truth({ runs, counted }: Told): Chapter | undefined {
	if (counted.size === 0) return undefined;
	const disagreements = [...counted].flatMap(([id, server]) => {
		const run = runs.get(id);
		const disagreement = run && findDisagreement(run.name, run.overall, server);
		return disagreement ? [disagreement] : [];
	});
	const connections = [...counted.values()].reduce(
		(sum, server) => sum + server.connections,
		0,
	);
	return {
		title: "The server counted the same",
		text: "The embedded server counts connections and requests itself.",
		runs: [...counted.keys()].flatMap((id) => runs.get(id)?.name ?? []),
		claims: [
			{
				claim: "the traces show the connections and puts that the server saw",
				holds: disagreements.length === 0,
				measured:
					disagreements.join("; ") ||
					`${count(connections, "connection")} in ${count(counted.size, "run")}, the same in the traces`,
			},
		],
	};
}

type Runs<Ids extends readonly VariantId[]> = {
	readonly [Id in keyof Ids]: Run;
};

/** A chapter about some runs; absent unless all of them were made. */
function chapter<const Ids extends readonly VariantId[]>(
	{ runs: made }: Told,
	ids: Ids,
	{
		title,
		text,
		claims,
	}: Pick<Chapter, "title" | "text"> & {
		readonly claims: (runs: Runs<Ids>) => Claim[];
	},
): Chapter | undefined {
	const runs = ids.flatMap((id) => made.get(id) ?? []);
	return runs.length < ids.length || runs.length === 0
		? undefined
		: {
				title,
				text,
				runs: runs.map(({ name }) => name),
				claims: claims(runs as unknown as Runs<Ids>),
			};
}

function oneConnection(run: Run): Claim {
	return {
		claim: "the first put makes a connection, and all others reuse it",
		holds: run.overall.fresh === 1 && run.overall.requests > 1,
		measured: `${freshOf(run)}, ${run.overall.reused} reused`,
	};
}

function allFresh({ overall }: Run): boolean {
	return overall.requests > 0 && overall.fresh === overall.requests;
}

/** Whether it is the reason of all fresh connections but first ones. */
function isMainReason({ overall }: Run, expected: string): boolean {
	const others = overall.reasons.filter(
		({ reason }) => reason !== "first_connection",
	);
	return others.length > 0 && others.every(({ reason }) => reason === expected);
}

function freshOf({ overall }: Run): string {
	return `${overall.fresh} of ${count(overall.requests, "put")} fresh`;
}

function reasonsOf({ overall }: Run): string {
	return overall.reasons
		.map(({ reason, count }) => `${count} × ${reason}`)
		.join(", ");
}

function errorsOf({ requests }: Run): string {
	const errors = requests.rows.flatMap(({ error }) => error ?? []);
	return [...new Set(errors)].join(", ") || "no error";
}

function p50({ overall }: Run): number {
	return overall.latency?.p50Ms ?? Number.NaN;
}

function latencies(run: Run, compared: Run): string {
	return `p50 ${milliseconds(p50(run))} ms against ${milliseconds(p50(compared))} ms`;
}

function named(describe: (run: Run) => string): (run: Run) => string {
	return (run) => `${run.name}: ${describe(run)}`;
}
