import type { AgentOptions } from "node:http";
import { Random } from "./random.js";

/** The agents of a plan; `false` is a request without one. */
export const AGENTS: readonly (AgentOptions | false)[] = [
	{ keepAlive: true },
	{ keepAlive: true, maxSockets: 2 },
	{ keepAlive: true, maxSockets: 4, maxFreeSockets: 1 },
	{ keepAlive: true, timeout: 40 },
	{ keepAlive: true, scheduling: "fifo" },
	{ keepAlive: true, maxTotalSockets: 2 },
	{ keepAlive: false },
	false,
];

/** What the server does with a request, as the path asks for it. */
const BEHAVIOURS = [
	"x/0",
	"x/1",
	"delay/15",
	"fin/8",
	"slow-body/10",
	"big/100000",
	"close/0",
	"status/204",
	"rst/8",
	"status/500",
	"hint/1",
	"http10/0",
	"eof/0",
	"drop/0",
	"drop-rst/0",
	"half/5",
	"hint/2",
	"delay/60",
] as const;

/** What the program does with a request. */
const ACTIONS = [
	"read",
	"read",
	"read",
	"read",
	"abort",
	"destroy response",
	"leave unread",
	"ask to close",
	"take another family",
	"time out",
	"fail to connect",
	"upgrade",
	"destroy agent",
] as const;

export interface Step {
	readonly id: number;
	/** Position in AGENTS. */
	readonly agent: number;
	readonly method: "GET" | "POST" | "HEAD";
	readonly behaviour: (typeof BEHAVIOURS)[number] | "never/0";
	readonly action: (typeof ACTIONS)[number];
}

/** Requests made at the same time, and a pause after them in milliseconds. */
export interface Group {
	readonly steps: readonly Step[];
	readonly pause: number;
}

/** Groups of requests, the same for the same seed. */
export function makePlan(seed: number, requests: number): Group[] {
	const random = new Random(seed);
	const agents = AGENTS.map((_, index) => index);
	const groups: Group[] = [];
	for (let id = 1; id <= requests; ) {
		const steps: Step[] = [];
		const size = Math.min(random.upTo(6), requests - id + 1);
		// Most of a group goes through one agent, so that its limits matter.
		const usual = random.pick(agents);
		while (steps.length < size) {
			const action = random.pick(ACTIONS);
			steps.push({
				id: id++,
				agent: random.chance(0.7) ? usual : random.pick(agents),
				method:
					action === "upgrade"
						? "GET"
						: random.pick(["GET", "GET", "POST", "HEAD"]),
				// Only who gives up may ask for an answer that never comes.
				behaviour: action === "time out" ? "never/0" : random.pick(BEHAVIOURS),
				action,
			});
		}
		groups.push({ steps, pause: random.pick([0, 0, 3, 20, 60]) });
	}
	return groups;
}
