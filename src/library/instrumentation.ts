import { InstrumentationBase } from "@opentelemetry/instrumentation";
import { claimObservation } from "../agent/claim";
import { say } from "../agent/log";
import { SCOPE_NAME } from "../spans/names";
import { VERSION } from "../version";
import { Observation } from "./observation";
import {
	type ConnectionInstrumentationConfig,
	type ReadOptions,
	readOptions,
} from "./options";

/**
 * Tells of every request and connection of this thread by the tracer provider that it is registered with: whether the
 * connection was new or reused, why it was new, and what each phase of its setup took.
 */
export class ConnectionInstrumentation extends InstrumentationBase<ConnectionInstrumentationConfig> {
	private readonly observation: Observation;
	private options: ReadOptions;

	constructor(config: ConnectionInstrumentationConfig = {}) {
		// The base class would enable itself before there is something to enable.
		super(SCOPE_NAME, VERSION, { ...config, enabled: false });
		super.setConfig(config);
		this.options = this.readOptions();
		const instrumentation = this;
		this.observation = new Observation({
			get tracer() {
				return instrumentation.tracer;
			},
			get meter() {
				return instrumentation.meter;
			},
			get options() {
				return instrumentation.options;
			},
			get config() {
				return instrumentation.getConfig();
			},
		});
		if (this.getConfig().enabled) this.enable();
	}

	/** What is hooked belongs to Node itself, and is there already. */
	protected override init(): [] {
		return [];
	}

	/** Begins to observe, unless another copy of conntrace does so in this thread. */
	override enable(): void {
		super.enable();
		const other = claimObservation(this.observation);
		if (other) say(`${other.name} traces this thread, so this one does not`);
		else this.observation.start();
	}

	/** Ceases to observe. What is under way is told of as unfinished. */
	override disable(): void {
		super.disable();
		this.observation.stop();
	}

	/** Takes effect at once, for requests and connections that begin from now on or end. */
	override setConfig(config: ConnectionInstrumentationConfig = {}): void {
		super.setConfig(config);
		// The base class calls this before there is anything here.
		if (this.options) this.options = this.readOptions();
	}

	private readOptions(): ReadOptions {
		const options = readOptions(this.getConfig(), process.env);
		for (const warning of options.warnings) say(warning);
		return options;
	}
}
