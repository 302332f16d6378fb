import { InstrumentationBase } from "@opentelemetry/instrumentation";
import { SCOPE_NAME } from "../spans/names";
import { VERSION } from "../version";
import { observeConnections } from "./observation";
import type { ConnectionInstrumentationConfig } from "./options";

/** Tells of every connection and request of the process by the tracer provider that it is registered with. */
export class ConnectionInstrumentation extends InstrumentationBase<ConnectionInstrumentationConfig> {
	private enabled = false;
	private installed = false;

	constructor(config: ConnectionInstrumentationConfig = {}) {
		super(SCOPE_NAME, VERSION, { ...config, enabled: false });
		this.setConfig(config);
		if (this.getConfig().enabled) this.enable();
	}

	protected init(): [] {
		return [];
	}

	override enable(): void {
		super.enable();
		this.enabled = true;
		if (this.installed) return;
		this.installed = true;
		const instrumentation = this;
		observeConnections({
			get enabled() {
				return instrumentation.enabled;
			},
			get tracer() {
				return instrumentation.tracer;
			},
			get meter() {
				return instrumentation.meter;
			},
			get config() {
				return instrumentation.getConfig();
			},
		});
	}

	override disable(): void {
		super.disable();
		this.enabled = false;
	}
}
