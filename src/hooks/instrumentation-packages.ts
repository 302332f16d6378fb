import type {
	Attributes,
	Span,
	SpanContext,
	SpanStatus,
	Tracer,
	TracerProvider,
} from "@opentelemetry/api";
import { DnsInstrumentation } from "@opentelemetry/instrumentation-dns";
import { NetInstrumentation } from "@opentelemetry/instrumentation-net";

/**
 * The OpenTelemetry instrumentation packages for dns and net are the source of the phases `dns.lookup`,
 * `tcp.connect` and `tls.handshake`: they say when each is over. They are applied to stand-ins of Node's functions
 * and not to Node's modules, and their spans come to the hooks, which know when the phase really began, what it
 * belongs to and what it is called in the trace.
 */

/** A phase that one of the packages has seen come to its end. */
export interface ObservedPhase {
	readonly name: string;
	readonly attributes: Readonly<Attributes>;
	/** The error's message if it failed. */
	readonly failure?: string | undefined;
}

type PhaseListener = (phase: ObservedPhase) => void;

let listener: PhaseListener | undefined;

/** Runs a patched function of the packages; the spans that it starts go to the listener when they end. */
export function listenToPhases<T>(onEnd: PhaseListener, run: () => T): T {
	const outer = listener;
	listener = onEnd;
	try {
		return run();
	} finally {
		listener = outer;
	}
}

const NO_CONTEXT: SpanContext = { traceId: "", spanId: "", traceFlags: 0 };
const STATUS_ERROR = 2;

/** A span that is never exported: it reports its end and forgets everything else. */
class PhaseSpan implements Span {
	private failure: string | undefined;
	private ended = false;
	private attributes: Attributes = {};

	constructor(
		private readonly name: string,
		private readonly onEnd: PhaseListener | undefined,
	) {}

	end(): void {
		if (this.ended) return;
		this.ended = true;
		this.onEnd?.({
			name: this.name,
			attributes: this.attributes,
			failure: this.failure,
		});
	}

	setAttributes(attributes: Attributes): this {
		this.attributes = attributes;
		return this;
	}

	setStatus({ code, message }: SpanStatus): this {
		if (code === STATUS_ERROR) this.failure = message ?? "";
		return this;
	}

	isRecording(): boolean {
		return !this.ended;
	}

	spanContext(): SpanContext {
		return NO_CONTEXT;
	}

	setAttribute(): this {
		return this;
	}

	addEvent(): this {
		return this;
	}

	addLink(): this {
		return this;
	}

	addLinks(): this {
		return this;
	}

	updateName(): this {
		return this;
	}

	recordException(): void {}
}

const tracer = {
	startSpan: (name: string): Span => new PhaseSpan(name, listener),
} as Tracer;

const tracerProvider: TracerProvider = { getTracer: () => tracer };

/** Lets a package patch an object that looks like the module it knows. */
function patch<T extends object>(
	instrumentation: DnsInstrumentation | NetInstrumentation,
	moduleName: string,
	moduleExports: T,
): T {
	instrumentation.setTracerProvider(tracerProvider);
	const definition = instrumentation
		.getModuleDefinitions()
		.find(({ name }) => name === moduleName);
	if (!definition?.patch) {
		throw new Error(
			`${instrumentation.instrumentationName} ${instrumentation.instrumentationVersion} does not patch ${moduleName}`,
		);
	}
	definition.patch(moduleExports);
	return moduleExports;
}

type AnyFunction = (this: any, ...args: any[]) => any;

/*
 * The packages rethrow what the function that they patch throws, and Node would then print their line as the place
 * where it was thrown. So the patched functions never call Node: they hand out what they would have called it with.
 */

/** Applies instrumentation-net to the connect of a socket that is represented by its stand-in. */
export function observedConnect(): (
	standIn: object | undefined,
	args: readonly unknown[],
) => void {
	const net = patch(new NetInstrumentation({ enabled: false }), "net", {
		Socket: { prototype: { connect() {} } },
	});
	const connect: AnyFunction = net.Socket.prototype.connect;
	return (standIn, args) => connect.apply(standIn, [...args]);
}

/** Applies instrumentation-dns to calls of `dns.lookup` and `dns.promises.lookup`. */
export interface ObservedLookups {
	/** The arguments with the callback that sees the end of the lookup. */
	callbackLookup(args: readonly unknown[]): unknown[];
	/** Sees the end of a lookup that has begun. */
	promisesLookup(args: readonly unknown[], result: Promise<unknown>): void;
}

export function observedLookups(): ObservedLookups {
	let observedArguments: unknown[] = [];
	let promise: Promise<unknown> | undefined;
	const dns = patch(new DnsInstrumentation({ enabled: false }), "dns", {
		lookup: (...args: unknown[]) => {
			observedArguments = args;
		},
		promises: { lookup: () => promise },
	});
	const lookup: AnyFunction = dns.lookup;
	const promisesLookup: AnyFunction = dns.promises.lookup;
	return {
		callbackLookup(args) {
			// Without a callback Node refuses the call.
			if (typeof args.at(-1) !== "function") return [...args];
			lookup(...args);
			const observed = observedArguments;
			observedArguments = [];
			return observed;
		},
		promisesLookup(args, result) {
			promise = result;
			promisesLookup(...args);
			promise = undefined;
		},
	};
}
