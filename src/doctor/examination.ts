/** What was found in one process at its end. Plain data: it comes from there as a line of JSON. */
export interface ProcessExamination {
	readonly pid: number;
	/** File name of the program, `-e` or `-p` where there is none. */
	readonly program: string;
	/** Version of Node.js, such as `v20.20.2`. */
	readonly node: string;
	/** The functions that the agent watches or that somebody else has replaced. */
	readonly functions: readonly FunctionExamination[];
	/** Whether the channels of undici and the built-in `fetch` have a subscriber. */
	readonly undiciWatched: boolean;
}

export interface FunctionExamination {
	/** As a program reaches it, such as `http.Agent.prototype.addRequest`. */
	readonly name: string;
	/**
	 * - `hooked`: what a program calls is the agent's function
	 * - `wrapped`: somebody else's function is called first, and holds on to the agent's as a wrapper does
	 * - `displaced`: somebody else's function has taken the place of the agent's, and does not know that one
	 * - `foreign`: the agent does not watch this function, somebody else does
	 */
	readonly state: "hooked" | "wrapped" | "displaced" | "foreign";
	/** Who else is there: a package with its version, or a file. */
	readonly by?: string;
}
