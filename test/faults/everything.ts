import type { Socket } from "node:net";
import type { Scenario } from "../support/scenario.js";

export interface Everything {
	/** The port of a server that speaks TLS, and the authority that signed its certificate. */
	readonly secure: number;
	readonly certificate: string;
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
		await fetch("http://127.0.0.1:1/").catch((error) => error.cause?.code),
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
		const waker = spawn("sh", ["-c", `sleep 1.7; kill -CONT ${process.pid}`]);
		await program.once(waker, "spawn");
		process.kill(process.pid, "SIGSTOP");
		await program.once(waker, "exit");
		report(await outcome(get("/", { agent: false })));
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
