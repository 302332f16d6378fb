import { describe, expect } from "vitest";
import { compare, test } from "../support/scenario.js";

describe.concurrent("every event comes in the context of who asked for it", () => {
	test("of requests, sockets and agents", async ({ https }) => {
		const run = await compare(
			https,
			async ({ client, net, tls, origin, port, once, report, sleep }) => {
				const { AsyncLocalStorage, executionAsyncResource } =
					require("node:async_hooks") as typeof import("node:async_hooks");
				const storage = new AsyncLocalStorage<string>();
				let seen: unknown[] = [];
				const watch = (
					who: string,
					emitter: NodeJS.EventEmitter,
					events: string[],
				) => {
					for (const event of events)
						emitter.once(event, () =>
							seen.push([
								...[who, event, storage.getStore()],
								executionAsyncResource().constructor.name,
							]),
						);
				};
				// How the events of several emitters interleave depends on the network.
				const reportSeen = () => {
					report(seen.map(String).toSorted());
					seen = [];
				};
				const agent = new client.Agent({ keepAlive: true, maxSockets: 1 });
				const send = (name: string, path: string, method = "POST") =>
					storage.run(name, async () => {
						const request = client.request(origin + path, {
							agent,
							method,
							timeout: path === "/never" ? 30 : 0,
						});
						watch("request", request, [
							...["socket", "finish", "response", "timeout", "close", "error"],
							...["upgrade", "connect", "continue", "information"],
						]);
						request.on("error", () => {});
						request.on("timeout", () => request.destroy());
						request.on("socket", (socket) => {
							if (!request.reusedSocket)
								watch("socket", socket, [
									...["lookup", "connectionAttempt", "connect", "ready"],
									...[
										"secureConnect",
										"free",
										"timeout",
										"close",
										"agentRemove",
									],
								]);
						});
						request.on("response", (response) => {
							watch("response", response, ["data", "end", "close", "error"]);
							response.on("error", () => {});
							response.resume();
						});
						request.end("body", () =>
							seen.push(["request", "callback of end", storage.getStore()]),
						);
						await once(request, "close");
						await sleep(20);
					});
				await send("first", "/read");
				reportSeen();
				await Promise.all([send("second", "/read"), send("queued", "/read")]);
				reportSeen();
				await send("timed out", "/never");
				reportSeen();
				await send("broken off", "/half/5");
				reportSeen();
				await send("closed", "/close");
				reportSeen();
				agent.destroy();
				await storage.run("sockets", async () => {
					const socket = net.connect(port, "localhost", () =>
						seen.push(["callback of connect", storage.getStore()]),
					);
					watch("socket", socket, ["lookup", "connect", "ready", "close"]);
					socket.setTimeout(20);
					watch("socket", socket, ["timeout"]);
					await once(socket, "timeout");
					socket.destroy();
					await once(socket, "close");
					const secure = tls.connect({ port, host: "localhost" }, () =>
						seen.push(["callback of tls.connect", storage.getStore()]),
					);
					watch("TLS socket", secure, [
						...["lookup", "connect", "secureConnect", "session", "close"],
					]);
					secure.resume();
					secure.write(
						"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
						() => seen.push(["callback of write", storage.getStore()]),
					);
					await once(secure, "close");
				});
				reportSeen();
			},
		);
		const flat = JSON.stringify(run.reports);
		for (const seen of [
			"request,response,first",
			"request,response,queued",
			"request,timeout,timed out",
			"callback of write,sockets",
		])
			expect(flat).toContain(seen);
	});

	test("of fetch and of diagnostics channels", async ({ http }) => {
		const run = await compare(
			http,
			async ({ origin, client, diagnostics, once, report }) => {
				const { AsyncLocalStorage } =
					require("node:async_hooks") as typeof import("node:async_hooks");
				const storage = new AsyncLocalStorage<string>();
				for (const channel of [
					...["http.client.request.start", "http.client.response.finish"],
					...["net.client.socket", "undici:request:create"],
					...["undici:client:connected", "undici:client:sendHeaders"],
					...["undici:request:headers", "undici:request:trailers"],
				])
					diagnostics.subscribe(channel, () =>
						report([channel, storage.getStore()]),
					);
				await storage.run("http", async () => {
					const request = client.get(origin, { agent: false });
					request.on("response", (response) => response.resume());
					await once(request, "close");
				});
				for (const name of ["fetch", "fetch again"])
					await storage.run(name, async () => {
						const response = await fetch(origin);
						report(["response", storage.getStore()]);
						await response.text();
						report(["body", storage.getStore()]);
					});
				await storage.run("failing fetch", () =>
					fetch("http://127.0.0.1:1").catch(() =>
						report(["failed", storage.getStore()]),
					),
				);
			},
		);
		expect(run.reports).toContainEqual(["body", "fetch again"]);
		expect(run.reports).toContainEqual(["failed", "failing fetch"]);
	});
});
