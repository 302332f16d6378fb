export type {
	AwsFacts,
	ConnectionClosed,
	ConnectionFacts,
	ConnectionFailed,
	ConnectionReady,
	FindingFacts,
	PhaseFacts,
	PoolFacts,
	RequestFacts,
} from "./facts";
export { onConnection, onRequest, type Unsubscribe } from "./listeners";
