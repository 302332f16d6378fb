import { hookProcess } from "../hooks/process";
import type { Faults } from "./faults";

/** In milliseconds; the most that a timer takes. */
const LONGER_THAN_A_FLUSH = 2 ** 31 - 1;

export interface EndOptions {
	/** How long all of it may take, in milliseconds. */
	readonly timeout: number;
	/** Delivers with the event loop still running, or gives up after the time. */
	readonly flush: (timeout: number) => Promise<void>;
	/** Delivers what is left when it no longer runs, or gives up after the time. */
	readonly finish: (timeout: number) => void;
	readonly pending: () => boolean;
	readonly faults: Faults;
}

/** Delivers what is left in every way in which a process can end, and changes none of them. */
export function onProcessEnd({
	pending,
	faults,
	...options
}: EndOptions): void {
	let left = options.timeout;
	/** Node asks again when the flush has kept the event loop alive; one flush is enough. */
	let flushed = false;
	/** A second signal does not wait. */
	let ending = false;

	async function flush(): Promise<void> {
		const begin = performance.now();
		await options.flush(left).catch(faults.take);
		left = Math.max(0, left - (performance.now() - begin));
	}

	function finish(): void {
		faults.guard(() => options.finish(left));
	}

	hookProcess({
		beforeExit() {
			if (flushed || !pending()) return false;
			flushed = true;
			// The loop goes on until it is over and one turn longer, so that Node asks again for sure.
			const hold = setTimeout(() => {}, LONGER_THAN_A_FLUSH);
			void flush().finally(() => {
				clearTimeout(hold);
				setImmediate(() => {});
			});
			return true;
		},
		exit: finish,
		signal(end) {
			if (ending) return end();
			ending = true;
			void flush().then(() => {
				finish();
				end();
			});
		},
	});
}
