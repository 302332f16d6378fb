/** What a handler program of the experiment is told, as JSON in {@link SETTINGS_VARIABLE}. */
export interface Settings {
	readonly client: ClientUse;
	/** Endpoints that are called in turn. */
	readonly endpoints: readonly string[];
	readonly table: string;
	readonly calls: number;
	/** From the end of a call to the begin of the next, in milliseconds. */
	readonly pause: number;
	/** For `idle-limit`: how long the client keeps an idle connection, in milliseconds. */
	readonly idleLimit?: number | undefined;
	/** The process stops itself before the call in the middle, as when its machine is frozen. */
	readonly stops: boolean;
	/** For `few-pools`: for how many endpoints connections are kept. */
	readonly pools?: number | undefined;
}

export type ClientUse =
	/** One client as the SDK makes it. */
	| "as-it-comes"
	/** One client that closes each connection after its response. */
	| "keep-alive-off"
	/** A new client in each call. */
	| "per-call"
	/** One client that closes idle connections itself. */
	| "idle-limit"
	/** Persistent connections on which TCP keep-alive is switched off. */
	| "no-probes"
	/** TCP keep-alive is switched on, and connections are not kept. */
	| "probes-only"
	/** A client per endpoint, of which only the last used ones are kept, as urllib3's pools are. */
	| "few-pools";

export const SETTINGS_VARIABLE = "CONNTRACE_EXPERIMENT";

/** A line that a handler writes to stdout before it stops itself; SIGCONT lets it go on. */
export const STOPPING = "stopping";

/** Milliseconds that are added to the resolution of each name. */
export const DNS_DELAY_VARIABLE = "CONNTRACE_EXPERIMENT_DNS_MS";
