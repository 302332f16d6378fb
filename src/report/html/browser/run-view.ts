import { fromColumns } from "../columns";
import type { PageConnection, PageRequest, PageRun } from "../page";

/** A run with its lists unfolded. */
export interface RunView {
	readonly run: PageRun;
	/** Address of the Jaeger that has the traces. */
	readonly jaeger?: string | undefined;
	readonly requests: readonly PageRequest[];
	readonly connections: readonly PageConnection[];
}

export function viewOf(run: PageRun, jaeger?: string): RunView {
	return {
		run,
		jaeger,
		requests: fromColumns<PageRequest>(run.requests.rows),
		connections: fromColumns<PageConnection>(run.connections.rows),
	};
}
