import { requestsOf, type Span } from "../support/spans.js";
import { AGENTS, type Group, type Step } from "./plan.js";

/** What may be said of a connection that ended, by the last thing that was done on it. */
type Allowed = (last: Step, span: Span) => boolean;

const failed = (span: Span) =>
	span.error && span.attributes["http.response.status_code"] === undefined;

const ENDINGS: Readonly<Record<string, Allowed>> = {
	peer_closed_idle: ({ behaviour }) => behaviour === "fin/8",
	peer_reset_idle: ({ behaviour }) => behaviour === "rst/8",
	// Node takes an answer without a length, such as one to HEAD, for one that the end of the connection ends.
	server_connection_close: ({ behaviour, method }) =>
		["close/0", "http10/0", "eof/0"].includes(behaviour) || method === "HEAD",
	client_connection_close: ({ action }) => action === "ask to close",
	server_hint_too_short: ({ behaviour }) => behaviour === "hint/1",
	agent_idle_timeout: ({ agent }) => limitOf(agent, "timeout"),
	max_free_sockets: ({ agent }) => limitOf(agent, "maxFreeSockets"),
	max_total_sockets: ({ agent }) => limitOf(agent, "maxTotalSockets"),
	request_aborted: ({ action }) => action === "abort",
	response_destroyed: ({ action }) => action === "destroy response",
	stale_reset: (_, span) =>
		failed(span) &&
		span.attributes["conntrace.connection.reused"] === true &&
		["ECONNRESET", "EPIPE"].includes(String(span.attributes["error.type"])),
	socket_error: ({ behaviour }, span) =>
		span.error &&
		[
			"half/5",
			"drop/0",
			"drop-rst/0",
			"rst/8",
			"fin/8",
			"http10/0",
			"eof/0",
			"close/0",
		].includes(behaviour),
};

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
	const onConnection = new Map<unknown, typeof requests>();
	for (const request of requests) {
		const id = request.span.attributes["conntrace.connection.id"];
		onConnection.set(id, [...(onConnection.get(id) ?? []), request]);
	}
	return requests.flatMap(({ span, step }, index) => {
		const wrong = contradiction(span, step, index, onConnection);
		return wrong === undefined
			? []
			: [`${describe(step)}: ${wrong} ${JSON.stringify(span.attributes)}`];
	});
}

type Requests = readonly { readonly span: Span; readonly step: Step }[];

function contradiction(
	{ attributes }: Span,
	step: Step,
	index: number,
	onConnection: ReadonlyMap<unknown, Requests>,
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
			return expect(index < 6);
		case "no_pool":
			return expect(options === false);
		case "keep_alive_disabled":
			return expect(options !== false && options?.keepAlive === false);
		case "body_unconsumed":
		case "pool_busy":
			return expect(
				attributes["conntrace.pool.busy"] !== 0
					? attributes["conntrace.pool.free"] === 0
					: /^the pool had no connection/.test(
							String(attributes["conntrace.connection.reason_detail"]),
						),
			);
		case "different_agent":
			return expect(attributes["conntrace.pool.busy"] === 0);
	}
	const previous = onConnection.get(
		attributes["conntrace.connection.previous_id"],
	);
	const allowed = ENDINGS[String(reason)];
	if (!allowed) return "not a reason that could be";
	const last = previous
		?.toSorted((a, b) => numberOf(a.span) - numberOf(b.span))
		.at(-1);
	if (!last) return "the connection before is not known";
	const elsewhere = /^in another pool/.test(
		String(attributes["conntrace.connection.reason_detail"]),
	);
	if (!elsewhere && last.step.agent !== step.agent)
		return "the connection before was another agent's";
	return allowed(last.step, last.span)
		? undefined
		: `${reason} after ${describe(last.step)} ${JSON.stringify(last.span.attributes)}`;
}

function numberOf({ attributes }: Span): number {
	return Number(attributes["conntrace.connection.request_number"] ?? 0);
}

function describe({ id, agent, method, behaviour, action }: Step): string {
	return `r${id} (agent ${agent}, ${method} ${behaviour}, ${action})`;
}
