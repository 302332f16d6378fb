export interface EndOptions {
	/** Delivers with the event loop still running. */
	readonly flush: () => Promise<void>;
	/** Delivers what is left when it no longer runs. */
	readonly finish: () => void;
	readonly pending: () => boolean;
}

/** Sees every way in which a process can end, and changes none of them. */
export function onProcessEnd({ flush, finish, pending }: EndOptions): void {
	process.on("beforeExit", flushOnce);
	process.on("exit", finish);
	for (const signal of ["SIGTERM", "SIGINT"] as const) {
		const onSignal = async () => {
			// The program has its own idea of what the signal means.
			if (process.listenerCount(signal) > 1) return;
			await flush();
			finish();
			process.off(signal, onSignal);
			process.kill(process.pid, signal);
		};
		process.on(signal, onSignal);
	}

	/** Node asks again whenever the flush has kept the event loop alive; a flush that failed is not repeated. */
	function flushOnce(): void {
		if (!pending()) return;
		process.off("beforeExit", flushOnce);
		void flush();
	}
}
