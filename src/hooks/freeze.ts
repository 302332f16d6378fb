import { cpuTime } from "../clocks";
import { clearTimeout, setTimeout } from "../timers";

/** Time between two beats, in milliseconds. */
const BEAT = 1000;

/** A beat later than this is not explained by a busy event loop's small delays. */
const NOTICEABLE = 500;

export interface FreezeWatchOptions {
	readonly now: () => number;
	/** While it is true, a freeze could cost a connection. */
	readonly needed: () => boolean;
	/** Told for how long the process did not run, in milliseconds; what is known is the least it can have been. */
	readonly onFrozen: (duration: number) => void;
	/** Runs the work of the timer, and keeps its faults from the program. */
	readonly guard: (run: () => void) => void;
}

/**
 * Notices that the process did not run for a while: a frozen Lambda environment, a stopped container. A timer that
 * should have fired did not, and the process used no CPU meanwhile; a program that computes is late as well, but uses
 * CPU. The timer runs only while there are connections to lose, and never keeps the process alive.
 */
export class FreezeWatch {
	private timer: NodeJS.Timeout | undefined;
	private due = 0;
	private cpuAtBeat = 0;

	constructor(private readonly options: FreezeWatchOptions) {}

	/** Starts the beat if it does not run. */
	start(): void {
		if (this.timer) return;
		this.rearm();
	}

	/** Looks for a freeze that the timer has had no turn to notice yet. */
	check(): void {
		if (!this.timer) return;
		const late = this.options.now() - this.due;
		if (late < NOTICEABLE) return;
		const worked = cpuTime() - this.cpuAtBeat;
		clearTimeout(this.timer);
		this.rearm();
		if (worked < late / 2) this.options.onFrozen(late);
	}

	private rearm(): void {
		this.due = this.options.now() + BEAT;
		this.cpuAtBeat = cpuTime();
		this.timer = setTimeout(
			() => this.options.guard(() => this.beat()),
			BEAT,
		).unref();
	}

	private beat(): void {
		const { timer } = this;
		this.check();
		// A freeze has rearmed the timer already.
		if (this.timer !== timer) return;
		this.timer = undefined;
		if (this.options.needed()) this.rearm();
	}
}
