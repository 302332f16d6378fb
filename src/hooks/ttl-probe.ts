import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { getServers } from "node:dns";
import { isIPv6 } from "node:net";
import type { Lookup } from "../connections/setup";
import { clearTimeout, setImmediate, setTimeout } from "../timers";
import { answers, encodeQuery, readTimeToLive } from "./dns-message";
import { type HookEnvironment, observe } from "./environment";

/** After this time there is no answer, in milliseconds. */
const TIME_LIMIT = 5000;
const DNS_PORT = 53;

/**
 * Asks for the time to live of names that the system has resolved, which does not tell it. The query goes to the first
 * of `dns.getServers()`, when the lookup is over. By a socket of its own and not by `dns.Resolver`, whose queries keep
 * the process alive (Node 20, 24, 26).
 */
export function askTimeToLive(
	environment: HookEnvironment,
	lookup: Lookup,
): void {
	const { lookups } = environment.tracker;
	const [address] = lookup.answers;
	if (address === undefined || !lookups.shallAskTimeToLive(lookup.name)) return;
	setImmediate(() =>
		observe(environment, () =>
			query(environment, lookup.name, address, (seconds) =>
				observe(environment, () => lookups.timeToLiveAnswered(lookup, seconds)),
			),
		),
	).unref();
}

function query(
	environment: HookEnvironment,
	name: string,
	address: string,
	answered: (seconds: number | undefined) => void,
): void {
	const id = randomInt(0x10000);
	const message = encodeQuery(id, name, address);
	const server = firstServer();
	if (!message || !server) {
		answered(undefined);
		return;
	}
	const socket = createSocket(isIPv6(server.host) ? "udp6" : "udp4");
	socket.unref();
	const fail = () => observe(environment, () => end(undefined));
	const timer = setTimeout(fail, TIME_LIMIT).unref();
	function end(seconds: number | undefined): void {
		clearTimeout(timer);
		socket.close();
		answered(seconds);
	}
	socket.once("error", fail);
	socket.on("message", (answer, sender) =>
		observe(environment, () => {
			if (sender.port !== server.port || !answers(answer, id)) return;
			end(readTimeToLive(answer));
		}),
	);
	socket.send(message, server.port, server.host);
}

/** As Node writes it: `127.0.0.1`, `127.0.0.1:5300`, `::1` or `[::1]:5300`. */
function firstServer(): { host: string; port: number } | undefined {
	const [server] = getServers();
	if (server === undefined) return undefined;
	const [, bracketed, host = bracketed, port] =
		/^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(server) ?? [];
	return host === undefined
		? { host: server, port: DNS_PORT }
		: { host, port: Number(port) };
}
