import type { ServerRecord } from "../support/server.js";
import { duration, requestsOf, type Span } from "../support/spans.js";
import { AGENTS, type Group, type Step } from "./plan.js";

/** A request of a run with what was asked of it. */
interface Exchange {
	readonly span: Span;
	readonly step: Step;
}

/** What may be said of a connection that ended, by what was done on it: the requests in their order, and the last, and by what was done before. */
type Allowed = (
	last: Exchange,
	all: readonly Exchange[],
	idle: number,
	earlier: readonly Step[],
) => boolean;

/** How long Node's server keeps an idle connection, in milliseconds. */
const SERVER_LIMIT = 5000;

const doing =
	(...behaviours: string[]) =>
	({ step }: Exchange) =>
		behaviours.includes(step.behaviour);

const closes = doing("close/0", "http10/0", "eof/0");
const breaks = doing("half/5", "drop/0", "drop-rst/0", "fin/8", "rst/8");

const ENDINGS: Readonly<Record<string, Allowed>> = {
	// The server closes a moment later, when other requests may have followed.
	peer_closed_idle: (_, all, idle) =>
		all.some(doing("fin/8")) ||
		idle >= SERVER_LIMIT ||
		// A reset can look like an end: below TLS, and where it comes before the response has been read.
		(all.some(doing("rst/8")) && (all.some(isSecure) || idle < 5)),
	peer_reset_idle: (_, all) => all.some(doing("rst/8")),
	server_connection_close: (last, all) =>
		closes(last) ||
		// A request that waits gets the connection all the same, and the server closes it after that.
		all.slice(0, -1).some(asksToClose),
	// Node takes an answer without a length, such as one to HEAD, for one that the end of the connection ends.
	client_connection_close: (last) =>
		asksToClose(last) || last.step.method === "HEAD",
	server_hint_too_short: doing("hint/1"),
	agent_idle_timeout: ({ step }) => limitOf(step.agent, "timeout"),
	max_free_sockets: ({ step }) => limitOf(step.agent, "maxFreeSockets"),
	max_total_sockets: ({ step }) => limitOf(step.agent, "maxTotalSockets"),
	// Who runs out of time while it connects has given up as well.
	request_aborted: ({ step }) => ["abort", "time out"].includes(step.action),
	response_destroyed: ({ step }) => step.action === "destroy response",
	keep_alive_disabled: ({ step }) => closesAll(step.agent),
	upgraded: ({ step }) => step.action === "upgrade",
	// Node may connect for a waiting request with the options, and so the lookup function, of one before it.
	connect_failed: ({ span }) => span.attributes["error.type"] === "ENOTFOUND",
	socket_timeout: ({ step }) => step.action === "time out",
	agent_destroyed: (last, _all, _idle, earlier) =>
		earlier.some(
			({ agent, action }) =>
				action === "destroy agent" && agent === last.step.agent,
		),
	stale_reset: ({ span }, all) =>
		span.attributes["http.response.status_code"] === undefined &&
		span.attributes["conntrace.connection.reused"] === true &&
		["ECONNRESET", "EPIPE"].includes(String(span.attributes["error.type"])) &&
		(all.some(breaks) || outlivedServerLimit(span)),
	socket_error: ({ span }, all) =>
		span.error && (all.some(breaks) || all.some(closes)),
};

/** A server that had no turn for long closes the connection before it reads the request. */
function outlivedServerLimit(span: Span): boolean {
	const idle = Number(span.attributes["conntrace.connection.idle_ms"]);
	return idle + duration(span) >= SERVER_LIMIT;
}

function asksToClose({ step }: Exchange): boolean {
	return step.action === "ask to close";
}

function isSecure({ span }: Exchange): boolean {
	return String(span.attributes["url.full"]).startsWith("https:");
}

/** Requests without an agent get one of their own, which keeps nothing. */
function closesAll(agent: number): boolean {
	const options = AGENTS[agent];
	return options === false || options?.keepAlive === false;
}

function limitOf(
	agent: number,
	limit: "timeout" | "maxFreeSockets" | "maxTotalSockets",
): boolean {
	const options = AGENTS[agent];
	return options !== undefined && options !== false && limit in options;
}

/** What the reasons of a run claim that cannot be, given what was done. An empty list is good news. */
export function findContradictions(
	spans: readonly Span[],
	plan: readonly Group[],
	{ connections }: ServerRecord,
): string[] {
	const steps = new Map(
		plan.flatMap((group) => group.steps).map((step) => [step.id, step]),
	);
	const requests = requestsOf(spans).map((span) => {
		const id = Number(/r(\d+)$/.exec(String(span.attributes["url.full"]))?.[1]);
		const step = steps.get(id);
		if (!step) throw new Error(`no step ${id}`);
		return { span, step };
	});
	const onConnection = new Map<unknown, Exchange[]>();
	for (const exchange of requests) {
		const id = exchange.span.attributes["conntrace.connection.id"];
		onConnection.set(id, [...(onConnection.get(id) ?? []), exchange]);
	}
	return [
		...compareByPath(requests, connections),
		...requests.flatMap(({ span, step }, index) => {
			const earlier = requests.slice(0, index).map((other) => other.step);
			const wrong = contradiction(span, step, earlier, onConnection);
			return wrong === undefined
				? []
				: [`${describe(step)}: ${wrong} ${JSON.stringify(span.attributes)}`];
		}),
	];
}

/** Reuse, order and identity against the server's own numbers, by the paths, of which there is one for each request. */
function* compareByPath(
	requests: readonly Exchange[],
	connections: ServerRecord["connections"],
): Generator<string> {
	const byPath = new Map(
		connections
			.flatMap((connection) => connection.requests)
			.map((request) => [request.path, request]),
	);
	const ids = new Map<number, unknown>();
	const seen = new Set<unknown>();
	for (const { span, step } of requests) {
		const path = `/${step.behaviour}/r${step.id}`;
		const truth = byPath.get(path);
		if (!truth) {
			if (!span.error) yield `${path}: the server did not see it`;
			continue;
		}
		const { attributes } = span;
		const id = attributes["conntrace.connection.id"];
		if (attributes["conntrace.connection.reused"] !== truth.number > 1)
			yield `${path}: reused, but number ${truth.number} for the server`;
		if (numberOf(span) !== truth.number)
			yield `${path}: number ${numberOf(span)}, but ${truth.number} for the server`;
		if (!ids.has(truth.connection) && seen.has(id))
			yield `${path}: the id ${id} stands for several connections`;
		if ((ids.get(truth.connection) ?? id) !== id)
			yield `${path}: connection ${truth.connection} has several ids`;
		ids.set(truth.connection, id);
		seen.add(id);
	}
	for (const path of byPath.keys()) {
		const id = Number(/r(\d+)$/.exec(path)?.[1]);
		if (!requests.some(({ step }) => step.id === id))
			yield `${path}: no span tells of it`;
	}
}

function contradiction(
	{ attributes }: Span,
	step: Step,
	earlier: readonly Step[],
	onConnection: ReadonlyMap<unknown, readonly Exchange[]>,
): string | undefined {
	const reason = attributes["conntrace.connection.reason"];
	const options = AGENTS[step.agent];
	if (attributes["conntrace.connection.reused"] !== false) {
		return reason === undefined
			? undefined
			: "a reused connection with a reason";
	}
	const expect = (holds: boolean) =>
		holds ? undefined : `cannot be ${reason}`;
	switch (reason) {
		case "first_connection":
			return expect(earlier.length < 6);
		case "no_pool":
			return expect(options === false);
		case "keep_alive_disabled":
			if (closesAll(step.agent)) return undefined;
			break;
		case "body_unconsumed":
		case "pool_busy":
			return expect(
				attributes["conntrace.pool.busy"] !== 0
					? attributes["conntrace.pool.free"] === 0
					: /^the pool had no connection/.test(
							String(attributes["conntrace.connection.reason_detail"]),
						),
			);
		case "pool_key_mismatch":
			return expect(
				/another family$/.test(
					String(attributes["conntrace.connection.reason_detail"]),
				) &&
					[step, ...earlier].some(
						({ action }) => action === "take another family",
					),
			);
		case "different_agent":
			return expect(attributes["conntrace.pool.busy"] === 0);
	}
	const previous = onConnection.get(
		attributes["conntrace.connection.previous_id"],
	);
	const all = previous?.toSorted((a, b) => numberOf(a.span) - numberOf(b.span));
	const last = all?.at(-1);
	if (!all || !last) return "the connection before is not known";
	const detail = String(attributes["conntrace.connection.reason_detail"]);
	if (!detail.startsWith("in another pool") && last.step.agent !== step.agent)
		return "the connection before was another agent's";
	const idle = Number(/idle (\d+) ms/.exec(detail)?.[1]);
	return ENDINGS[String(reason)]?.(last, all, idle, earlier)
		? undefined
		: `${reason} after ${all.map((exchange) => describe(exchange.step))}`;
}

function numberOf({ attributes }: Span): number {
	return Number(attributes["conntrace.connection.request_number"] ?? 0);
}

function describe({ id, agent, method, behaviour, action }: Step): string {
	return `r${id} (agent ${agent}, ${method} ${behaviour}, ${action})`;
}
