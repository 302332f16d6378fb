import type { Meter, MeterProvider } from "@opentelemetry/api";
import { SCOPE_NAME } from "../spans/names";
import { registeredApi } from "../spans/registered-api";
import { VERSION } from "../version";

/** Gives the meter of the provider that the program has registered right now, whatever its version of the API. */
export function registeredMeter(): () => Meter | undefined {
	let provider: MeterProvider | undefined;
	let meter: Meter | undefined;
	return () => {
		const registered = registeredApi()?.metrics;
		if (registered !== provider) {
			provider = registered;
			meter = registered?.getMeter(SCOPE_NAME, VERSION);
		}
		return meter;
	};
}
