export * from "./facts";
export { ConnectionInstrumentation } from "./library/instrumentation";
export type {
	ConnectionInstrumentationConfig,
	HookedRequest,
	HookedResponse,
	RequestSpans,
} from "./library/options";
