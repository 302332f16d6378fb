import { describe, expect, inject } from "vitest";
import { type Scenario, test, trace } from "../support/scenario.js";
import { duration, named, only, phasesOf } from "../support/spans.js";
import {
	mysql,
	type Protocol,
	postgres,
	redis,
	secureRedis,
	startDriverServer,
} from "./driver-servers.js";

interface Driver {
	readonly protocol: Protocol;
	readonly scenario: Scenario;
	readonly secure: boolean;
}

const DRIVERS: Readonly<Record<string, Driver>> = {
	pg: {
		protocol: postgres,
		secure: false,
		scenario: async ({ load, port }) => {
			const { default: pg } = await load<typeof import("pg")>("pg");
			const client = new pg.Client({ host: "localhost", port });
			await client.connect();
			await client.query("SELECT 0");
			await client.end();
		},
	},
	"pg, over TLS": {
		protocol: postgres,
		secure: true,
		scenario: async ({ load, port }) => {
			const { default: pg } = await load<typeof import("pg")>("pg");
			const client = new pg.Client({ host: "localhost", port, ssl: true });
			await client.connect();
			await client.query("SELECT 0");
			await client.end();
		},
	},
	ioredis: {
		protocol: redis,
		secure: false,
		scenario: async ({ load, port }) => {
			const { Redis } = await load<typeof import("ioredis")>("ioredis");
			const client = new Redis({
				host: "localhost",
				port,
				enableReadyCheck: false,
			});
			await client.set("key", "value");
			client.disconnect();
		},
	},
	"ioredis, over TLS": {
		protocol: secureRedis,
		secure: true,
		scenario: async ({ load, port }) => {
			const { Redis } = await load<typeof import("ioredis")>("ioredis");
			const client = new Redis({
				host: "localhost",
				port,
				enableReadyCheck: false,
				tls: {},
			});
			await client.set("key", "value");
			client.disconnect();
		},
	},
	mysql2: {
		protocol: mysql,
		secure: false,
		scenario: async ({ load, port }) => {
			const { createConnection } =
				await load<typeof import("mysql2/promise")>("mysql2/promise");
			const connection = await createConnection({ host: "localhost", port });
			await connection.query("SELECT 0");
			connection.destroy();
		},
	},
	"mysql2, over TLS": {
		protocol: mysql,
		secure: true,
		scenario: async ({ load, port }) => {
			const { createConnection } =
				await load<typeof import("mysql2/promise")>("mysql2/promise");
			const connection = await createConnection({
				host: "localhost",
				port,
				ssl: { verifyIdentity: true },
			});
			await connection.query("SELECT 0");
			connection.destroy();
		},
	},
};

describe.concurrent("the connection of a database driver", () => {
	for (const [name, { protocol, scenario, secure }] of Object.entries(
		DRIVERS,
	)) {
		test(name, async () => {
			const server = await startDriverServer(protocol, inject("certificate"));
			const run = await trace(server, scenario);
			await server.close();
			expect(server.connections).toHaveLength(1);
			expect(server.serverNames).toHaveLength(secure ? 1 : 0);
			expect(server.commands()).toBeGreaterThan(0);
			expect(run.requests).toEqual([]);
			const setup = only(named(run.spans, "connection.setup"));
			expect(setup.parentSpanId).toBeUndefined();
			expect(setup.error).toBe(false);
			expect(setup.attributes).toMatchObject({
				"server.address": "localhost",
				"server.port": server.port,
				"network.local.port": server.connections[0]?.remotePort,
			});
			expect(phasesOf(run.spans, setup)).toEqual([
				"dns.lookup",
				"tcp.connect",
				...(secure ? ["tls.handshake"] : []),
			]);
			for (const handshake of named(run.spans, "tls.handshake")) {
				expect(handshake.attributes["server.address"] ?? false).toBe(
					server.serverNames[0],
				);
				expect(handshake.end).toBe(setup.end);
				expect(duration(handshake)).toBeGreaterThan(0);
			}
		});
	}
});
