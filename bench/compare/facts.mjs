// What spans tell of requests, found by what they hold and not by anybody's names: an attribute tells a fact if its values
// go with the fact in every request that the server has counted.

export const FACTS = {
	"a span for each request by `node:https`": (told) =>
		yes(told.requests.filter(isHttps).every(({ spans }) => spans.length > 0)),
	"a span for each request by `fetch`": (told) =>
		yes(told.requests.filter(isFetch).every(({ spans }) => spans.length > 0)),
	"reused or fresh": (told) => {
		const by = attributesThat(told, ({ reused }) => reused);
		if (by) return by;
		const shown = (one) => one.reused !== hasPhase(told, one, "tcp");
		const https = told.seen.filter(isHttps);
		if (https.length === 0 || !https.every(shown)) return "no";
		return told.seen.every(shown)
			? "by a connect span or none"
			: "by a connect span or none, not for `fetch`";
	},
	"why fresh": (told) => {
		const [first] = at(told, "/kept/1");
		const [closing] = at(told, "/closing/2");
		const reused = told.seen.filter((one) => one.reused);
		const key = keysOf(first).find(
			(key) =>
				first.attributes[key] !== closing?.attributes[key] &&
				keysOf(closing).includes(key) &&
				typeof first.attributes[key] === "string" &&
				/^[a-z_]+$/.test(first.attributes[key]) &&
				reused.every((one) => !keysOf(one.spans[0]).includes(key)),
		);
		return key ? `\`${key}\`` : "no";
	},
	"which connection": (told) =>
		attributesThat(told, ({ connection }) => connection) ?? "no",
	"time of DNS": (told) => phaseOf(told, "dns"),
	"time of TCP": (told) => phaseOf(told, "tcp"),
	"time of TLS": (told) => phaseOf(told, "tls"),
	"wait for a connection of the pool": (told) => {
		const [second] = told.requests.filter(({ path }) => path === "/narrow/2");
		const extra = told.spans.filter(
			(span) =>
				second?.spans[0]?.trace === span.trace && /wait|queue/.test(span.name),
		);
		const key = keysOf(second?.spans[0]).find((name) =>
			/wait|queue/.test(name),
		);
		return extra.length > 0 ? "a span" : (key ?? "no");
	},
	"each attempt of an SDK call": (told) => {
		const attempts = told.requests.filter(({ path }) =>
			path.startsWith("/sdk"),
		);
		if (!attempts.every(({ spans }) => spans.length > 0)) return "no";
		const [first, second] = attempts.map(({ spans }) => spans[0]);
		const numbered = keysOf(second).find(
			(key) =>
				/attempt|resend|retry/.test(key) &&
				first.attributes[key] !== second.attributes[key],
		);
		return numbered ? "a span, numbered" : "a span";
	},
	"trace passed on to the server": (told) => {
		const names = new Set(told.requests.flatMap(({ headers }) => headers));
		const passed = [...names].filter((name) =>
			/^(traceparent|x-datadog-trace-id)$/.test(name),
		);
		return passed.length > 0
			? passed.map((name) => `\`${name}\``).join(", ")
			: "no";
	},
};

/** @param requests as the server has counted them @param spans in one form */
export function factsOf(requests, spans) {
	const own = requests.map((request, index) => ({
		...request,
		spans: spansOf(requests, index, spans),
	}));
	const told = {
		requests: own,
		spans,
		seen: own.filter((one) => one.spans[0]),
	};
	return Object.fromEntries(
		Object.entries(FACTS).map(([name, judge]) => [name, judge(told)]),
	);
}

/** The spans that name the path of a request; of those of several attempts the one of this attempt. */
function spansOf(requests, index, spans) {
	const { path } = requests[index];
	const named = spans
		.filter(({ attributes }) =>
			["url.full", "http.url"].some((key) =>
				String(attributes[key] ?? "").endsWith(path),
			),
		)
		.sort((a, b) => a.start - b.start);
	const same = requests.filter((request) => request.path === path);
	if (same.length === 1) return named;
	const own = named[same.indexOf(requests[index])];
	return own ? [own] : [];
}

const isFetch = ({ path }) => path.startsWith("/fetch");
const isHttps = ({ path }) => /^\/(kept|closing|narrow)/.test(path);
const yes = (holds) => (holds ? "yes" : "no");
const keysOf = (span) => Object.keys(span?.attributes ?? {});

function at({ requests }, path) {
	return requests.find((request) => request.path === path)?.spans ?? [];
}

/** The attributes whose values are the same exactly where the fact is the same. */
function attributesThat({ seen }, factOf) {
	const [first] = seen;
	const keys = keysOf(first?.spans[0]).filter((key) => {
		const byFact = new Map();
		for (const one of seen) {
			const value = one.spans[0].attributes[key];
			const fact = factOf(one);
			if (value === undefined) return false;
			if (byFact.has(fact) && byFact.get(fact) !== value) return false;
			byFact.set(fact, value);
		}
		return new Set(byFact.values()).size === byFact.size && byFact.size > 1;
	});
	return keys.length > 0
		? keys.map((key) => `\`${key}\``).join(", ")
		: undefined;
}

const PHASES = { dns: /dns/, tcp: /^tcp/, tls: /^tls/ };
const BEFORE = { dns: undefined, tcp: "dns", tls: "tcp" };

const phases = ({ spans }, phase, trace) =>
	spans.filter(
		(span) =>
			PHASES[phase].test(span.name) &&
			(trace === undefined || span.trace === trace),
	);

const hasPhase = (told, { spans }, phase) =>
	phases(told, phase, spans[0].trace).length > 0;

/** Whether a phase has a span of its own, what else that covers, and whether it stands with its request. */
function phaseOf(told, phase) {
	const all = phases(told, phase);
	if (all.length === 0) return "no";
	const [request] = at(told, "/kept/1");
	const [own] = phases(told, phase, request?.trace);
	if (!request || !own) return "a span, not with its request";
	const before = BEFORE[phase];
	const [earlier] = before ? phases(told, before, request.trace) : [];
	// Of two that follow one another the second begins when the first is over, but for rounding.
	const overlaps = earlier && own.start < earlier.end - 0.01;
	return overlaps ? `a span, with ${before.toUpperCase()} in it` : "a span";
}
