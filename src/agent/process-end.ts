import type { HookEnvironment } from "../hooks/environment";
import { hookProcess } from "../hooks/process";

export interface EndOptions extends Pick<HookEnvironment, "onFault"> {
	/** Delivers with the event loop still running. */
	readonly flush: () => Promise<void>;
	/** Delivers what is left when it no longer runs. */
	readonly finish: () => void;
	readonly pending: () => boolean;
}

/** Delivers what is left in every way in which a process can end, and changes none of them. */
export function onProcessEnd({
	flush,
	finish,
	pending,
	onFault,
}: EndOptions): void {
	/** Node asks again whenever the flush has kept the event loop alive; a flush that failed is not repeated. */
	let flushed = false;
	/** A second signal does not wait. */
	let ending = false;

	hookProcess(
		{ onFault },
		{
			beforeExit() {
				if (flushed || !pending()) return;
				flushed = true;
				void flush();
			},
			exit: finish,
			signal(end) {
				if (ending) return end();
				ending = true;
				void flush().finally(() => {
					finish();
					end();
				});
			},
		},
	);
}
