import type { ClientUse } from "./settings";

/** How often, how long and against which limit. Times in milliseconds. */
export interface Scale {
	readonly calls: number;
	/** From the end of a call to the begin of the next. */
	readonly pause: number;
	/** After which the embedded server closes an idle connection, where the variant has it do so. */
	readonly serverIdleLimit: number;
	/** The rate sweep: pauses, as shares of the idle limit, and calls at each. */
	readonly sweep: readonly { readonly share: number; readonly calls: number }[];
	/** How long the frozen process is stopped. */
	readonly freeze: number;
}

/** One put per second against a server that keeps idle connections for 5 s, as the investigation had it. */
export const FULL: Scale = {
	calls: 30,
	pause: 1000,
	serverIdleLimit: 5000,
	sweep: [
		{ share: 0.05, calls: 40 },
		{ share: 0.2, calls: 20 },
		{ share: 0.5, calls: 12 },
		{ share: 0.75, calls: 8 },
		{ share: 1.5, calls: 8 },
		{ share: 2, calls: 6 },
	],
	freeze: 8000,
};

/** The same with all times shorter. */
export const QUICK: Scale = {
	calls: 15,
	pause: 50,
	serverIdleLimit: 500,
	sweep: [
		{ share: 0.1, calls: 20 },
		{ share: 0.25, calls: 10 },
		{ share: 2, calls: 5 },
		{ share: 3, calls: 4 },
	],
	freeze: 1500,
};

export type VariantId =
	| "v2"
	| "v2-variable"
	| "v3"
	| "keep-alive-off"
	| "per-call"
	| "all-pools"
	| "few-pools"
	| "agent-idle-limit"
	| "no-probes"
	| "probes-only"
	| "freeze"
	| `sweep-${number}`;

/** One way to make the calls. */
export interface Variant {
	readonly id: VariantId;
	readonly title: string;
	readonly sdk: 2 | 3;
	readonly client: ClientUse;
	readonly calls: number;
	readonly pause: number;
	/** Variables that the program is started with. */
	readonly env?: Readonly<Record<string, string>>;
	/** The server closes idle connections, so that only the embedded one will do. */
	readonly serverIdleLimit?: number;
	readonly clientIdleLimit?: number;
	readonly endpoints?: number;
	readonly pools?: number;
	/** The process is stopped for so long before the call in the middle. */
	readonly freeze?: number;
}

const ENDPOINTS = 3;

/** In the order in which the story tells them. */
export function variantsFor(scale: Scale): readonly Variant[] {
	const { calls, pause, serverIdleLimit } = scale;
	const steady = { calls, pause, sdk: 3 } as const;
	return [
		{
			...steady,
			id: "v2",
			title: "SDK v2 as it comes",
			sdk: 2,
			client: "as-it-comes",
		},
		{
			...steady,
			id: "v2-variable",
			title: "SDK v2, AWS_NODEJS_CONNECTION_REUSE_ENABLED=1",
			sdk: 2,
			client: "as-it-comes",
			env: { AWS_NODEJS_CONNECTION_REUSE_ENABLED: "1" },
		},
		{
			...steady,
			id: "v3",
			title: "SDK v3 as it comes",
			client: "as-it-comes",
		},
		{
			...steady,
			id: "keep-alive-off",
			title: "SDK v3, keep-alive off",
			client: "keep-alive-off",
		},
		{
			...steady,
			id: "per-call",
			title: "SDK v3, a new client per call",
			client: "per-call",
		},
		{
			...steady,
			id: "all-pools",
			title: `${ENDPOINTS} endpoints, pools for all`,
			client: "few-pools",
			endpoints: ENDPOINTS,
			pools: ENDPOINTS,
		},
		{
			...steady,
			id: "few-pools",
			title: `${ENDPOINTS} endpoints, pools for ${ENDPOINTS - 1}`,
			client: "few-pools",
			endpoints: ENDPOINTS,
			pools: ENDPOINTS - 1,
		},
		...scale.sweep.map(({ share, calls }): Variant => {
			const pause = Math.round(share * serverIdleLimit);
			return {
				id: `sweep-${share}`,
				title: `a call every ${pause} ms`,
				sdk: 3,
				client: "as-it-comes",
				calls,
				pause,
				serverIdleLimit,
			};
		}),
		{
			...steady,
			id: "agent-idle-limit",
			title: "the agent's idle limit below the server's",
			client: "idle-limit",
			calls: 5,
			pause: 2 * serverIdleLimit,
			serverIdleLimit,
			clientIdleLimit: serverIdleLimit / 2,
		},
		{
			...steady,
			id: "no-probes",
			title: "persistent connections, TCP keep-alive off",
			client: "no-probes",
		},
		{
			...steady,
			id: "probes-only",
			title: "no persistent connections, TCP keep-alive on",
			client: "probes-only",
		},
		...(process.platform === "win32"
			? []
			: [
					{
						...steady,
						id: "freeze",
						title: "frozen between two calls",
						client: "as-it-comes",
						calls: 6,
						pause: Math.min(pause, serverIdleLimit / 4),
						serverIdleLimit,
						freeze: scale.freeze,
					} as const,
				]),
	];
}

/** How long a variant takes, but for starting its program, in milliseconds. */
export function durationOf({ calls, pause, freeze = 0 }: Variant): number {
	return calls * pause + freeze;
}
