import { hookProcess } from "../hooks/process";
import type { Faults } from "./faults";

export interface EndOptions {
	/** How long the delivery may take, in milliseconds. */
	readonly timeout: number;
	/** Delivers what is left without the event loop, or gives up after the time. */
	readonly finish: (timeout: number) => void;
	readonly faults: Faults;
}

/**
 * Delivers what is left in every way in which a process can end, and changes none of them. Nothing is done while the
 * event loop could still run: a program would be told a second time that it is about to end (`beforeExit`).
 */
export function onProcessEnd({ timeout, finish, faults }: EndOptions): void {
	const exit = () => faults.guard(() => finish(timeout));
	hookProcess({
		exit,
		signal(end) {
			exit();
			end();
		},
	});
}
