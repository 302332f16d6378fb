import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type * as RunSummaryModule from "../report/run-summary";

export interface Summary {
	add(span: ReadableSpan): void;
	/** Prints to stderr what was added. */
	print(): void;
}

/** The summary at the end of the process. Its code is loaded here, for it is rarely wanted. */
export function createSummary(onFault: (error: unknown) => void): Summary {
	const { RunSummary } =
		require("../report/run-summary") as typeof RunSummaryModule;
	const summary = new RunSummary();
	return {
		add: (span) => summary.add(span),
		print: () => {
			try {
				process.stderr.write(summary.render());
			} catch (error) {
				onFault(error);
			}
		},
	};
}
