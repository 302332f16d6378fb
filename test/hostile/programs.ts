import type { RequestOptions } from "node:https";
import type { Scenario } from "../support/scenario.js";

/** What tries to drive a terminal, to run in a page, to break JSON, or to hide. */
export const HOSTILE = [
	"\u001b[31mred\u001b]2;title\u0007",
	"\u009b31m\u0000\b\r\nconntrace: forged",
	"</script><script>globalThis.pwned = 1</script><img src=x onerror='globalThis.pwned = 2'>",
	'"}]}]}],"spans":[{',
	"\u202eright to left\u2028\u2029",
	"half of a pair \ud800",
	"{b}{c}{a|rich}",
	"__proto__",
];

export interface Values {
	readonly hostile: readonly string[];
	/** Length of names that are far too long. */
	readonly length: number;
	readonly plain: string;
	readonly secure: string;
	/** PEM, to trust. */
	readonly ca: string;
}

/** Names hosts, methods, paths, tables and errors as nobody would. */
export const byNames: Scenario<Values> = async ({
	http,
	net,
	values,
	once,
}) => {
	const { hostile, length, plain } = values;
	const names = [...hostile, "a".repeat(length), "é".repeat(length)];
	const { port } = new URL(plain);
	const send = async (options: RequestOptions, body = "") => {
		try {
			const request = http.request({
				host: "localhost",
				port,
				agent: false,
				...options,
			});
			request.on("error", () => {});
			request.on("response", (response) =>
				response.on("error", () => {}).resume(),
			);
			request.end(body);
			await once(request, "close");
		} catch {
			// Node does not take it.
		}
	};
	const failing = (text: string): RequestOptions["lookup"] =>
		((_: string, __: unknown, done: (error: Error) => void) =>
			done(
				Object.assign(new Error(text), { code: text, name: text }),
			)) as RequestOptions["lookup"];
	for (const name of names) {
		const lookup = failing(name);
		await send({ host: name, lookup });
		await send({ method: name });
		await send({ method: "A".repeat(length) });
		await send({ path: `/${encodeURIComponent(name.toWellFormed())}` });
		await send({ path: `/${name}` });
		await send({ path: `/?${"a".repeat(length)}=b` });
		const headers = {
			"x-amz-target": "DynamoDB_20120810.PutItem",
			"amz-sdk-request": `attempt=${"9".repeat(400)}; max=${"9".repeat(20)}`,
		};
		const method = "POST";
		await send({ method, headers }, JSON.stringify({ TableName: name }));
		await send(
			{ method, headers },
			JSON.stringify({ RequestItems: { [name]: [], events: [] } }),
		);
		await send({
			method,
			headers: {
				"x-amz-target": `DynamoDB_20120810.${"A".repeat(8000)}`,
				"amz-sdk-invocation-id": "b".repeat(7000),
			},
		});
		try {
			const socket = net.connect({ host: name, port: 1, lookup });
			socket.on("error", () => {});
			await once(socket, "close");
		} catch {
			// Newer versions of Node take no null bytes.
		}
	}
};

/** Takes whatever a server says, by every client. */
export const byServer: Scenario<Values> = async ({
	http,
	https,
	values,
	once,
}) => {
	const { plain, secure, ca } = values;
	for (const [client, origin] of [
		[http, plain],
		[https, secure],
	] as const) {
		const agent = new client.Agent({ keepAlive: true });
		for (let answer = 0; answer < 12; answer++) {
			const request = client.get(`${origin}/${answer}`, {
				agent,
				ca,
				checkServerIdentity: () => undefined,
			});
			request.on("error", () => {});
			request.on("response", (response) =>
				response.on("error", () => {}).resume(),
			);
			await once(request, "close");
			if (client === http)
				await fetch(`${origin}/${answer}`)
					.then((response) => response.text())
					.catch(() => {});
		}
		agent.destroy();
	}
};

/** Names servers and protocols in handshakes, and sends headers, as nobody would. */
export const byHandshake: Scenario<Values> = async ({
	https,
	tls,
	values,
	once,
}) => {
	const { hostile, secure, ca } = values;
	const port = Number(new URL(secure).port);
	const trusting = {
		host: "localhost",
		port,
		ca,
		checkServerIdentity: () => undefined,
	};
	const shake = async (options: import("node:tls").ConnectionOptions) => {
		const socket = tls.connect({ ...trusting, ...options });
		let agreed: unknown;
		socket.on("error", () => {});
		socket.on("secureConnect", () => {
			agreed = socket.alpnProtocol;
			socket.destroy();
		});
		await once(socket, "close");
		if (options.ALPNProtocols && !agreed)
			throw new Error("no protocol was agreed on");
	};
	const send = async (options: RequestOptions) => {
		try {
			const request = https.get({
				path: "/0",
				agent: false,
				...trusting,
				...options,
			});
			request.on("error", () => {});
			request.on("response", (response) =>
				response.on("error", () => {}).resume(),
			);
			await once(request, "close");
		} catch {
			// Node does not take it.
		}
	};
	for (const name of hostile) {
		await shake({ ALPNProtocols: [name] });
		await shake({ servername: name });
		await send({ servername: name });
		await send({ servername: name.repeat(20), headers: { "x-name": name } });
	}
};

/** Asks for very many hosts, none of which there is. */
export const byNumber: Scenario<{ readonly hosts: number }> = async ({
	http,
	values,
	once,
}) => {
	const lookup = ((_: string, __: unknown, done: (error: Error) => void) =>
		done(
			Object.assign(new Error("none"), { code: "ENOTFOUND" }),
		)) as RequestOptions["lookup"];
	for (let host = 0; host < values.hosts; host++) {
		const request = http.get({
			host: `host-${host}.test`,
			lookup,
			agent: false,
		});
		request.on("error", () => {});
		await once(request, "close");
	}
};
