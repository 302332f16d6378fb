import type {
	Invocation,
	InvocationSource,
	LambdaPhase,
} from "../connections/invocation";

/** Where the runtime keeps the request id of the invocation that runs, when several run at once. */
interface InvokeStore {
	getRequestId(): string;
}

/** The invocations that have begun and are not over. */
export class OpenInvocations implements InvocationSource {
	phase: LambdaPhase = "init";
	private readonly open = new Map<string, Invocation>();
	private only: Invocation | undefined;

	constructor(private readonly concurrent: boolean) {}

	/** One at a time they need no asynchronous context, which would cost the program at every promise. */
	get current(): Invocation | undefined {
		return this.concurrent ? this.open.get(runningId() ?? "") : this.only;
	}

	get all(): Invocation[] {
		return [...this.open.values()];
	}

	begin(invocation: Invocation): void {
		this.phase = "invoke";
		this.only = invocation;
		this.open.set(invocation.facts.id, invocation);
	}

	fail(id: string, error: string | undefined): void {
		const invocation = this.open.get(id);
		if (invocation) invocation.error = error;
	}

	/** @returns the invocation, if it was open */
	end(id: string): Invocation | undefined {
		const invocation = this.open.get(id);
		this.open.delete(id);
		if (invocation === this.only) this.only = undefined;
		return invocation;
	}
}

function runningId(): string | undefined {
	const { awslambda } = globalThis as {
		awslambda?: { InvokeStore?: InvokeStore };
	};
	return awslambda?.InvokeStore?.getRequestId();
}
