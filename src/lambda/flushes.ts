import { say } from "../agent/log";
import { timeOfDay } from "../clocks";
import type { InvocationFacts } from "../connections/invocation";
import type { FaultSink } from "../hooks/environment";
import type { Extension } from "./extension";

/** What an invocation must have left before its deadline when an export ends, in milliseconds. */
const RESERVE = 50;

/** Between questions of the extension that fail, in milliseconds. */
const NEXT_PAUSE = 100;

export interface FlushesOptions {
	/** Exports what has been written, or gives up after the time, in milliseconds. */
	readonly flush: (timeout: number) => Promise<void>;
	readonly flushTimeout: number;
	/** Lets the export follow the response; without it the response waits for the export. */
	readonly extension: Extension | undefined;
	readonly faults: FaultSink;
}

type InvocationBounds = Pick<InvocationFacts, "id" | "deadline">;

/** Exports spans between the end of an invocation and the moment at which Lambda may freeze the environment. */
export class Flushes {
	/** Lambda lets the export follow the response. */
	afterwards = false;
	private readonly options: FlushesOptions;
	private registering: Promise<void> | undefined;
	private running: Promise<void> | undefined;
	private invocation: InvocationBounds | undefined;
	/** The id of the last invocation whose spans are out. */
	private exported: string | undefined;
	private onExported: (() => void) | undefined;

	constructor(options: FlushesOptions) {
		this.options = options;
	}

	/** Registers the extension. Lambda takes it until the runtime asks for its first invocation. */
	start(): void {
		const { extension } = this.options;
		if (extension) {
			this.registering ??= this.register(extension).catch(
				this.options.faults.take,
			);
		}
	}

	begun(invocation: InvocationBounds): void {
		this.invocation = invocation;
	}

	/** The runtime is about to ask for an invocation. @returns what it has to wait for */
	beforeNext(): Promise<void> | undefined {
		const { invocation } = this;
		if (!invocation) return this.registering;
		if (!this.afterwards) return this.now();
		// The question leaves first.
		setImmediate(() => void this.afterAnswer(invocation.id));
		return undefined;
	}

	private async afterAnswer(id: string): Promise<void> {
		try {
			await this.now();
		} catch (error) {
			this.options.faults.take(error);
		}
		this.letGo(id);
	}

	/** Lets the extension ask for what comes next: Lambda waits for that, whatever has become of the export. */
	letGo(id = this.invocation?.id): void {
		this.exported = id;
		this.onExported?.();
	}

	/** Exports within the time that there is, and never rejects. */
	now(): Promise<void> {
		this.running ??= this.run();
		return this.running;
	}

	private async run(): Promise<void> {
		try {
			await this.export();
		} catch (error) {
			this.options.faults.take(error);
		} finally {
			this.running = undefined;
		}
	}

	private async export(): Promise<void> {
		const { flush, flushTimeout } = this.options;
		const { deadline } = this.invocation ?? {};
		const left =
			deadline === undefined ? Infinity : deadline - timeOfDay() - RESERVE;
		const timeout = Math.min(flushTimeout, left);
		if (timeout <= 0) return;
		await atMost(timeout, flush(timeout));
	}

	private async register(extension: Extension): Promise<void> {
		const { flushTimeout } = this.options;
		const registered = extension.register().then(() => {
			this.afterwards = true;
			this.serve(extension).catch(this.options.faults.take);
		});
		await atMost(flushTimeout, registered).catch((error: Error) =>
			this.fallBack(error),
		);
	}

	/**
	 * Asks for what comes next over and over again: Lambda waits for that, whatever goes wrong here. Once is nothing to
	 * tell: the next question shows whether it was more.
	 */
	private async serve(extension: Extension): Promise<never> {
		for (let failures = 0; ; ) {
			try {
				await this.serveOne(extension);
				failures = 0;
			} catch (error) {
				failures += 1;
				if (failures === 2) this.fallBack(error as Error);
				if (failures > 1) await pause(NEXT_PAUSE);
			}
		}
	}

	/** Asks for an invocation, and waits until its spans are out. */
	private async serveOne(extension: Extension): Promise<void> {
		const id = await extension.next();
		if (!this.afterwards || id === this.exported) return;
		await new Promise<void>((resolve) => {
			this.onExported = resolve;
		});
		this.onExported = undefined;
	}

	private fallBack({ message }: Error): void {
		const { flushTimeout } = this.options;
		this.afterwards = false;
		say(
			`no extension of this Lambda environment (${message}): each response waits for the export of its spans, at most ${flushTimeout} ms`,
		);
	}
}

/** A pause that nothing waits for but Lambda. */
function pause(milliseconds: number): Promise<void> {
	return new Promise((resolve) => {
		setTimeout(resolve, milliseconds).unref();
	});
}

/** Waits for a promise, but no longer than the time; the process lives as long. */
async function atMost(
	milliseconds: number,
	promise: Promise<void>,
): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	const limit = new Promise<void>((resolve) => {
		timer = setTimeout(resolve, milliseconds);
	});
	await Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
