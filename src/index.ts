export * from "./facts";
export { ConnectionInstrumentation } from "./library/instrumentation";
export type { ConnectionInstrumentationConfig } from "./library/options";
