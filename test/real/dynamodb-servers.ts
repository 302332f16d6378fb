import { readFileSync } from "node:fs";
import dynalite from "dynalite";
import { inject } from "vitest";
import { closeServer, listen } from "../support/server.js";
import { freePorts, reach, startServerProcess } from "./server-process.js";

/** A server that speaks DynamoDB's protocol, as it comes. */
export interface DynamoDBServer {
	/** As docs/dynamodb-servers.md names it. */
	readonly name: string;
	/** Absent where it cannot be had. */
	readonly start: (() => Promise<Started>) | undefined;
}

export interface Started {
	readonly address: URL;
	stop(): Promise<void>;
}

const moto = inject("moto");

const dynamodbLocal = inject("dynamodbLocal");

/** The version that a file pins. */
function versionIn(file: string, pin: RegExp): string {
	const [, version] = pin.exec(readFileSync(file, "utf8")) ?? [];
	if (!version) throw new Error(`${file} pins no version`);
	return version;
}

export const SERVERS: readonly DynamoDBServer[] = [
	{
		name: `dynalite ${versionIn("package.json", /"dynalite": "(.*)"/)}`,
		start: startDynalite,
	},
	{
		name: `moto ${versionIn("test/real/moto/requirements.txt", /^moto==(.*)$/m)}`,
		start: moto ? () => startMoto(moto) : undefined,
	},
	{
		name: "DynamoDB Local",
		start: dynamodbLocal
			? async () => ({ address: new URL(dynamodbLocal), async stop() {} })
			: undefined,
	},
];

async function startDynalite(): Promise<Started> {
	const server = dynalite({ createTableMs: 0 });
	const port = await listen(server, "localhost");
	return {
		address: new URL(`http://localhost:${port}`),
		async stop() {
			server.closeAllConnections();
			await closeServer(server, []);
		},
	};
}

async function startMoto(python: string): Promise<Started> {
	const [port = 0] = await freePorts(1);
	const { stop } = await startServerProcess(
		"moto",
		[python, "-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)],
		() => reach(port),
	);
	return { address: new URL(`http://127.0.0.1:${port}`), stop };
}
