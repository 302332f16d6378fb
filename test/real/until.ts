import { setTimeout as sleep } from "node:timers/promises";

const LIMIT = 60_000;

/** What an attempt comes to once it no longer throws; tried for a minute. */
export async function until<T>(attempt: () => T | Promise<T>): Promise<T> {
	const limit = performance.now() + LIMIT;
	for (;;) {
		try {
			return await attempt();
		} catch (error) {
			if (performance.now() > limit) throw error;
			await sleep(200);
		}
	}
}
