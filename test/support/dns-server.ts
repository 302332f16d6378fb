import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { decode, encode, type StringAnswer } from "dns-packet";

/** What a name server says of a name. */
export type Answer =
	| { readonly addresses: readonly string[]; readonly ttl: number }
	/** An alias and where it leads, with the time to live of each. */
	| { readonly alias: string; readonly aliasTtl: number; readonly ttl: number }
	| "NXDOMAIN"
	| "SERVFAIL"
	/** Bytes that are no answer. */
	| "garbage"
	| "silence";

export interface DnsServer {
	/** As `dns.setServers` takes it. */
	readonly address: string;
	/** The names that were asked for, in order. */
	readonly questions: readonly string[];
	close(): Promise<void>;
}

const RESPONSE_CODES = { SERVFAIL: 2, NXDOMAIN: 3 } as const;
const RECURSION_AVAILABLE = 0x80;

/**
 * Starts a name server on the loopback interface.
 * @param answerTo what it says of a name that is asked for the n-th time, from 1
 */
export async function startDnsServer(
	answerTo: (name: string, time: number) => Answer,
): Promise<DnsServer> {
	const questions: string[] = [];
	const socket = createSocket("udp4");
	socket.on("message", (message, { port, address }) => {
		const query = decode(message);
		const [question] = query.questions ?? [];
		if (!question) return;
		const { name } = question;
		questions.push(name);
		const time = questions.filter((asked) => asked === name).length;
		const answer = answerTo(name, time);
		if (answer === "silence") return;
		const reply =
			answer === "garbage"
				? Buffer.concat([message.subarray(0, 2), Buffer.alloc(40, 0xff)])
				: encode({
						type: "response",
						id: query.id ?? 0,
						flags:
							RECURSION_AVAILABLE |
							(typeof answer === "string" ? RESPONSE_CODES[answer] : 0),
						questions: [question],
						answers: typeof answer === "string" ? [] : recordsOf(name, answer),
					});
		socket.send(reply, port, address);
	});
	socket.bind(0, "127.0.0.1");
	await once(socket, "listening");
	return {
		address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
		questions,
		close: async () => {
			socket.close();
			await once(socket, "close");
		},
	};
}

function recordsOf(
	name: string,
	answer: Exclude<Answer, string>,
): StringAnswer[] {
	const { ttl } = answer;
	if ("alias" in answer) {
		return [
			{ type: "CNAME", name, ttl: answer.aliasTtl, data: answer.alias },
			{ type: "A", name: answer.alias, ttl, data: "127.0.0.1" },
		];
	}
	return answer.addresses.map((data) => ({ type: "A", name, ttl, data }));
}
