import type { Socket } from "node:net";
import type { Scenario } from "../support/scenario.js";

export interface Everything {
	/** The ports of servers that speak TLS, the second HTTP/2 over it, and the authority that signed their certificate. */
	readonly secure: number;
	readonly secure2: number;
	readonly certificate: string;
	/** The port of a proxy, and one on which nobody listens. */
	readonly proxy: number;
	readonly refused: number;
	/** The process is stopped for a while. */
	readonly freeze: boolean;
}

/** Meets as much of the agent as it can, and tells what came of it. */
export const everything: Scenario<Everything> = async ({ ...program }) => {
	const { Duplex } = process.getBuiltinModule("node:stream");
	const { spawn } = process.getBuiltinModule("node:child_process");
	const { http, https, dns, net, values, port, report, get, request, read } =
		program;
	const onFacts = () => {};
	for (const channel of ["conntrace:request", "conntrace:connection"])
		program.diagnostics.subscribe(channel, onFacts);
	const outcome = (promise: Promise<unknown>) =>
		promise.then(
			(value) => value,
			(error) => error.code,
		);
	const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
	for (const path of ["/", "/status/500", "/close", "/", "/hint/1", "/"]) {
		report(await outcome(get(path, { agent })));
	}
	// Whether the second is in time is a matter of luck.
	const closedIdle = new http.Agent({ keepAlive: true });
	await outcome(get("/fin/10", { agent: closedIdle }));
	await program.sleep(50);
	await outcome(get("/", { agent: closedIdle }));
	closedIdle.destroy();
	report(
		await outcome(
			Promise.all(["/delay/20", "/", "/"].map((path) => get(path, { agent }))),
		),
	);
	const aborted = request("/never", { agent }).end();
	aborted.on("socket", () => setTimeout(() => aborted.destroy(), 20));
	report(await outcome(read(aborted)));
	report(await outcome(get("/", { agent })));
	report(await outcome(get("/", { agent: false, lookup: dns.lookup })));
	const refused = http.get({ host: "127.0.0.1", port: 1 });
	report(await outcome(read(refused)));
	const secure = https.get({
		host: "localhost",
		port: values.secure,
		ca: values.certificate,
	});
	report((await outcome(read(secure))) !== undefined);
	const raw = net.connect(port, "localhost");
	await program.once(raw, "connect");
	raw.destroy();
	report(
		await new Promise((resolve) =>
			dns.lookup("localhost", (error, address) => resolve([error, !!address])),
		),
	);
	report((await dns.promises.lookup("localhost")).address !== "");
	report(await outcome(dns.promises.lookup("name.invalid")));
	report((await dns.promises.lookupService("127.0.0.1", port)) !== undefined);
	agent.destroy();

	// What Node, an agent or a function of the program refuses.
	const thrown = (act: () => unknown) => {
		try {
			act();
			return "nothing thrown";
		} catch (error) {
			return (error as NodeJS.ErrnoException).code;
		}
	};
	const refusal = Object.assign(new Error("refused"), { code: "REFUSED" });
	const throwing = Object.assign(new http.Agent(), {
		createConnection(): never {
			throw refusal;
		},
	});
	const failing = Object.assign(new http.Agent(), {
		createConnection(_: unknown, done: (error: Error) => void) {
			setImmediate(done, refusal);
		},
	});
	report(thrown(() => http.get({ port, localAddress: "nowhere" })));
	report(thrown(() => http.get({ port: 70_000 })));
	report(thrown(() => request("/", { agent: throwing })));
	report(thrown(() => net.connect({ port, localAddress: "nowhere" })));
	report(thrown(() => dns.lookup("localhost", { family: 99 }, () => {})));
	report(await outcome(get("/", { agent: failing })));
	const lookup = (
		_: string,
		__: object,
		done: (error: Error, address: string) => void,
	) => setImmediate(done, refusal, "");
	report(await outcome(get("/", { agent: false, lookup })));
	report(
		await outcome(
			read(http.get({ host: "localhost", port: values.refused, agent: false })),
		),
	);

	// Two keys in a pool, a call to DynamoDB, and a URL of which much must not be told.
	const keys = new http.Agent({ keepAlive: true });
	report(await outcome(get("/", { agent: keys })));
	report(await outcome(get("/", { agent: keys, localAddress: "127.0.0.1" })));
	const put = request("/table;version=1?key=value", {
		agent: keys,
		method: "POST",
		headers: { "x-amz-target": "DynamoDB_20120810.PutItem" },
	});
	put.end('{"RequestItems":{"a":[{"b":"\\""}]},"TableName":"c"}');
	report(await outcome(read(put)));
	report(await outcome(get("/half/1", { agent: keys })));
	const unread = request("/big/1000000", { agent: keys }).end();
	await program.once(unread, "response");
	report(await outcome(get("/", { agent: keys })));
	unread.destroy();
	keys.destroy();

	// TLS on a connection that was plain for longer than is waited for it.
	const started = net.connect(values.secure, "localhost");
	await program.once(started, "connect");
	const over = program.tls.connect({
		socket: started,
		servername: "localhost",
		ca: values.certificate,
	});
	await program.once(over, "secureConnect");
	over.destroy();

	// Through a tunnel over the agent, in which another server is spoken to.
	const tunnel = http.request({
		port,
		method: "CONNECT",
		path: `localhost:${values.secure}`,
		agent: new http.Agent({ keepAlive: true }),
	});
	tunnel.end();
	const [, socket] = (await program.once(tunnel, "connect")) as [
		unknown,
		Socket,
	];
	const inside = https.get({
		host: "localhost",
		createConnection: () =>
			program.tls.connect({
				socket,
				servername: "localhost",
				ca: values.certificate,
			}),
	});
	report((await outcome(read(inside))) !== undefined);
	socket.destroy();

	// A server that does not speak HTTP/2.
	const session = program.http2.connect(`http://localhost:${port}`);
	session.on("error", () => {});
	const stream = session.request({ ":path": "/" });
	stream.on("error", () => {});
	await program.once(stream, "close");
	session.destroy();

	const origin2 = `https://localhost:${values.secure2}`;
	const ca = values.certificate;
	const session2 = program.http2.connect(origin2, { ca });
	const ask = (path: string, body?: string) => {
		const stream = session2.request({ ":path": path, ":method": "POST" });
		stream.end(body);
		return stream;
	};
	report(
		(
			await Promise.all(
				[ask("/"), ask("/status/503", "body"), ask("/reset/2")].map((stream) =>
					outcome(program.answered(stream)),
				),
			)
		).length,
	);
	const given = ask("/never");
	setTimeout(() => given.close(), 10);
	await program.once(given, "close");
	await new Promise<void>((resolve) => session2.close(resolve));

	// Over a stream that the program has made.
	const base = program.tls.connect({
		port: values.secure2,
		servername: "localhost",
		ca,
		ALPNProtocols: ["h2"],
	});
	await program.once(base, "secureConnect");
	const session3 = program.http2.connect(origin2, {
		createConnection: () =>
			Duplex.from({ readable: base, writable: base }) as unknown as Socket,
	});
	session3.on("error", () => {});
	const adopted = session3.request({ ":path": "/" });
	report((await outcome(program.answered(adopted))) !== undefined);
	session3.destroy();
	base.destroy();

	const undici = await program.load<typeof import("undici-7")>("undici-7");
	const sent = (
		dispatcher: InstanceType<typeof undici.Dispatcher>,
		url: string,
		signal: AbortSignal | null = null,
	) =>
		outcome(
			undici
				.request(url, { dispatcher, signal })
				.then(async ({ body, statusCode }) => {
					await body.dump();
					return statusCode;
				}),
		);
	const origin = `http://localhost:${port}`;
	const pool = new undici.Pool(origin, { connections: 1, pipelining: 1 });
	report(
		await Promise.all(
			["/delay/10", "/", "/close", "/half/1", "/"].map((path) =>
				sent(pool, origin + path),
			),
		),
	);
	report(await sent(pool, `${origin}/never`, AbortSignal.timeout(20)));
	await pool.destroy();
	const agent2 = new undici.Agent({ allowH2: true, connect: { ca } });
	report(await Promise.all([1, 2].map(() => sent(agent2, `${origin2}/`))));
	report(await sent(agent2, `http://localhost:${values.refused}/`));
	await agent2.destroy();
	const tunnels = new undici.ProxyAgent({
		uri: `http://localhost:${values.proxy}`,
		requestTls: { ca },
	});
	report(await sent(tunnels, `https://localhost:${values.secure}/`));
	await tunnels.destroy();

	const fetched = (path: string, method = "GET") =>
		outcome(
			fetch(`http://localhost:${port}${path}`, { method }).then((response) =>
				response.text(),
			),
		);
	report(
		await Promise.all(["/delay/10", "/", "/"].map((path) => fetched(path))),
	);
	report(await fetched("/close"));
	report(await fetched("/", "HEAD"));
	report(await fetched("/"));
	report(
		await fetch(`http://127.0.0.1:${values.refused}/`).catch(
			(error) => error.cause?.code,
		),
	);

	// A connection whose making happens out of sight.
	const below = net.connect(port, "localhost");
	const unseen = new Duplex({
		read: () => {},
		write: (chunk, encoding, done) => below.write(chunk, encoding, done),
	});
	below.on("data", (chunk) => unseen.push(chunk));
	report(await outcome(get("/", { createConnection: () => unseen })));
	below.destroy();

	await globalThis.collectMetrics?.();
	for (const channel of ["conntrace:request", "conntrace:connection"])
		program.diagnostics.unsubscribe(channel, onFacts);
	// Everything that happens at the end, before it.
	process.emit("exit", 0);

	if (values.freeze) {
		// Something to lose; and so long that what was computed before does not matter.
		const agent = new program.http.Agent({ keepAlive: true });
		report(await outcome(get("/", { agent })));
		const waker = spawn("sh", ["-c", `sleep 4; kill -CONT ${process.pid}`]);
		await program.once(waker, "spawn");
		process.kill(process.pid, "SIGSTOP");
		await program.once(waker, "exit");
		report(await outcome(get("/", { agent: false })));
		agent.destroy();
	}
};

/** Enough to see that the agent has begun, or has not. */
export const beginning: Scenario<Everything> = async (program) => {
	const { get, dns, report, port } = program;
	for (const path of ["/", "/close", "/"]) report(await get(path));
	report((await dns.promises.lookup("localhost")).address !== "");
	report((await fetch(`http://localhost:${port}/`)).status);
	process.emit("exit", 0);
};
