import type { EndpointAnswer } from "./endpoint";
import type { ProcessExamination } from "./examination";
import type { FoundPackage } from "./packages";
import type { SettingInForce } from "./settings";

/** What `conntrace doctor` found; `--json` prints it. */
export interface Diagnosis {
	readonly versions: {
		readonly conntrace: string;
		readonly node: string;
		readonly platform: string;
	};
	/** Found from the working directory. */
	readonly packages: readonly FoundPackage[];
	/** One for each Node.js process that was looked at. */
	readonly processes: readonly ProcessExamination[];
	/** Without a command: how many requests of the trial were traced, and how many should have been. */
	readonly trial?: TrialOutcome;
	/** The exit status of the command. */
	readonly commandStatus?: number;
	/** Absent where none is configured. */
	readonly endpoint?: EndpointAnswer;
	readonly settings: readonly SettingInForce[];
	/** What is wrong, in words. */
	readonly problems: readonly string[];
}

/** For each way to make a request, what was seen of it: `fresh`, `reused`, in order. */
export type TrialOutcome = Readonly<Record<string, readonly string[]>>;
