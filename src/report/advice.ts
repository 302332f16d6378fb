import type { FindingCode } from "../connections/findings";
import type { Reason } from "../connections/reason";
import type { Advice as ReasonAdvice } from "./model";

/** What to do about a reason or a finding. */
export interface Advice {
	/** Whether a setting or a line of the program would change it. */
	readonly change: boolean;
	/** One sentence: the setting and where it goes, or why there is nothing to change. */
	readonly sentence: string;
}

const change = (sentence: string): Advice => ({ change: true, sentence });
const accept = (sentence: string): Advice => ({ change: false, sentence });

const KEEP_ALIVE =
	"const client = new DynamoDBClient({ requestHandler: { httpsAgent: { keepAlive: true } } })";

const CLIENT_IDLE_LIMIT =
	"requestHandler: { httpsAgent: { keepAlive: true, timeout: <the server's idle limit in ms, less 1000> } } (plain Node: new https.Agent with the same options)";

/** What to do about each reason for a fresh connection. */
export const REASON_ADVICE: Readonly<Record<Reason, Advice>> = {
	first_connection: accept(
		"Every process pays once for its first connection to a host; in Lambda, a call outside the handler moves it into the init phase.",
	),
	keep_alive_disabled: change(
		`Let the agent keep connections: ${KEEP_ALIVE} outside the handler; for AWS SDK v2 set AWS_NODEJS_CONNECTION_REUSE_ENABLED=1, in plain Node pass agent: new https.Agent({ keepAlive: true }).`,
	),
	no_pool: change(
		"Pass one shared agent, agent: new https.Agent({ keepAlive: true }), in place of agent: false or createConnection; for S3 puts, expectContinueHeader: false in new S3Client(...) avoids Expect: 100-continue.",
	),
	different_agent: change(
		"Build the client once, new DynamoDBClient(...) outside the handler, and give all clients of one host the same requestHandler or httpsAgent.",
	),
	pool_key_mismatch: change(
		"Give every request of the agent the same connection options (ca, servername, family, rejectUnauthorized ...): set them once in new https.Agent({ ... }) instead of per request; for another protocol, which agents of agent-base 7 (https-proxy-agent, socks-proxy-agent) take from the stack behind the AWS SDK's handler, set agent.isSecureEndpoint = () => true.",
	),
	per_request_tls: change(
		"Set checkServerIdentity once in new https.Agent({ keepAlive: true, checkServerIdentity }) instead of in the options of each request.",
	),
	pool_busy: accept(
		"Requests that run at the same time need a connection each; where their number matters, bound it by httpsAgent: { keepAlive: true, maxSockets: ... } in the client's requestHandler, at the price of waiting.",
	),
	body_unconsumed: change(
		"Read every response to its end or discard it: await Body.transformToByteArray() with AWS SDK v3, response.resume() in plain Node.",
	),
	server_connection_close: change(
		"Let the server or load balancer keep connections: answer by HTTP/1.1 without Connection: close, which is set there and not in this program.",
	),
	client_connection_close: change(
		"Remove the Connection: close header from the options of the request, so that the agent may keep the connection.",
	),
	server_hint_too_short: change(
		"Raise the server's idle limit above 2 s (server.keepAliveTimeout in Node, keepalive_timeout in nginx), for Node's agent gives up a connection 1 s before the announced limit.",
	),
	agent_idle_timeout: change(
		"Raise the client's idle limit to just below the server's: timeout in httpsAgent: { keepAlive: true, timeout: ... } of the requestHandler, or in new https.Agent(...).",
	),
	peer_closed_idle: change(
		"Raise the idle limit of the server or load balancer (server.keepAliveTimeout in Node, keepalive_timeout in nginx) above the pause between requests; a longer pause always ends the connection.",
	),
	peer_reset_idle: change(
		"Find what forgets idle connections between here and the server (NAT gateway, load balancer, firewall; 350 s for AWS NAT and NLB), and stay below its limit with httpsAgent: { keepAlive: true, timeout: ... }.",
	),
	unexpected_data_idle: change(
		"Correct the server: it sends data after its response is over (often a 408 before it closes); a client idle limit below the server's, httpsAgent: { keepAlive: true, timeout: ... }, avoids the meeting.",
	),
	max_free_sockets: change(
		"Raise maxFreeSockets in httpsAgent: { keepAlive: true, maxFreeSockets: ... } of the requestHandler, or in new https.Agent(...), to the number of requests that run at the same time.",
	),
	max_sockets: change(
		"Raise maxSockets in httpsAgent: { keepAlive: true, maxSockets: ... } of the requestHandler, or in new https.Agent(...); do not lower it while connections are open.",
	),
	max_total_sockets: change(
		"Raise maxTotalSockets in new https.Agent({ keepAlive: true, maxTotalSockets: ... }), or give each host an agent of its own.",
	),
	request_aborted: change(
		"Raise requestTimeout in the client's requestHandler, or the time of the AbortSignal: an aborted request takes its connection along.",
	),
	response_destroyed: change(
		"Read a short response to its end instead of response.destroy() or leaving its for await loop early: destroying it closes the connection.",
	),
	stale_reset: change(
		`Close idle connections before the server does: ${CLIENT_IDLE_LIMIT}.`,
	),
	socket_error: accept(
		"The connection failed; the error code in the reason's detail names what to look for in the network or the server.",
	),
	socket_timeout: change(
		"Raise socketTimeout in the client's requestHandler (plain Node: timeout in the options of the request or the agent) above the longest time the server is silent.",
	),
	agent_destroyed: change(
		"Keep the client: call client.destroy() or agent.destroy() only when the program ends, not after each request or invocation.",
	),
	upgraded: accept(
		"A connection that is upgraded (WebSocket, CONNECT) belongs to its new protocol and cannot serve further requests.",
	),
	connect_failed: change(
		"Correct the host name, port or network that the attempt failed on (the code is in the reason's detail); connectionTimeout in the client's requestHandler bounds how long an attempt takes.",
	),
	proxy_tunnel: change(
		"Use one proxy agent that keeps its tunnels, new HttpsProxyAgent(proxy, { keepAlive: true }) outside the handler, as httpsAgent of the requestHandler.",
	),
	max_requests: change(
		"Raise the number of requests allowed per connection: server.maxRequestsPerSocket in Node, keepalive_requests in nginx, maxRequestsPerClient in new Agent(...) of undici.",
	),
	server_goaway: accept(
		"The HTTP/2 server ends its sessions by itself, as load balancers do when they are renewed; a new session is the right answer.",
	),
	different_host: change(
		'Let all calls go to one host name: accountIdEndpointMode: "disabled" in new DynamoDBClient(...), and one region, useDualstackEndpoint and useFipsEndpoint for all clients.',
	),
	unknown: accept(
		"Nothing that was seen explains the connection; the reason's detail holds what there was.",
	),
};

/**
 * Where there is nothing to do about a reason: those behind it whose advice might have spared the connection. Behind a
 * first connection there was none to keep.
 */
export function changeableBehind(
	reason: Reason,
	contributing: readonly Reason[],
): readonly Reason[] {
	return REASON_ADVICE[reason].change || reason === "first_connection"
		? []
		: contributing.filter((other) => REASON_ADVICE[other].change);
}

/** What to do about each finding. */
export const FINDING_ADVICE: Readonly<Record<FindingCode, Advice>> = {
	no_client_idle_limit: change(
		`The server announces when it closes idle connections and the client has no limit of its own, so a request can meet a closing connection: ${CLIENT_IDLE_LIMIT}.`,
	),
	reuse_variable_without_effect: change(
		`AWS_NODEJS_CONNECTION_REUSE_ENABLED has no effect here: AWS SDK v3 does not read it and keeps connections unless told otherwise (${KEEP_ALIVE}), and SDK v2 takes the value 1 alone.`,
	),
	client_per_call: change(
		"About every call has a client or agent of its own: build it once, new DynamoDBClient(...) outside the handler.",
	),
	max_sockets_saturated: change(
		"Requests wait for connections: raise maxSockets in httpsAgent: { keepAlive: true, maxSockets: ... } of the requestHandler (50 by default in the AWS SDKs), or start fewer requests at a time.",
	),
	responses_unread: change(
		"Responses that nobody reads hold their connections: read each to its end or discard it (Body.transformToByteArray() with AWS SDK v3, response.resume() in plain Node).",
	),
	thread_pool_saturated: change(
		"DNS lookups wait for a thread of libuv's pool, of whose 4 threads half run lookups: start the process with UV_THREADPOOL_SIZE=16 in its environment, or keep connections, so that fewer names are looked up.",
	),
};

/** The advice on a reason with what following it would have saved in this run. */
export function adviseOnReason({
	sentence,
	savedMs,
	requests,
}: ReasonAdvice): string {
	const counted = `${requests} ${requests === 1 ? "request" : "requests"}`;
	return savedMs === undefined
		? `${sentence} Nothing to save by a setting (${counted}).`
		: `${sentence} Up to ${savedMs.toFixed(1)} ms of set-up saved in this run (${counted}).`;
}
