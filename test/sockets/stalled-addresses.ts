import { once } from "node:events";
import net, { type Socket } from "node:net";
import { Worker } from "node:worker_threads";

/** Listens with the shortest queue and never accepts: a blocked event loop takes no connections out of it. */
const LISTEN = `
const { parentPort, workerData } = require("node:worker_threads");
const server = require("node:net").createServer();
server.listen({ ...workerData, backlog: 1 }, () => {
	parentPort.postMessage(server.address().port);
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
`;

/** More than the queue holds. */
const FILLERS = 4;

/** An address of the loopback interface that lets connections wait without an answer. */
export interface StalledAddress {
	readonly port: number;
	close(): Promise<void>;
}

/**
 * Fills the queue of a server that accepts nothing, so that Linux leaves further connections without an answer.
 * @param port 0 for any
 */
export async function stallAddress(
	host: string,
	port = 0,
): Promise<StalledAddress> {
	const worker = new Worker(LISTEN, { eval: true, workerData: { host, port } });
	const [listening] = (await once(worker, "message")) as [number];
	const fillers: Socket[] = [];
	for (let filler = 1; filler <= FILLERS; filler++) {
		const socket = net.connect(listening, host);
		socket.on("error", () => {});
		fillers.push(socket);
	}
	await once(fillers[0] as Socket, "connect");
	return {
		port: listening,
		close: async () => {
			for (const socket of fillers) socket.destroy();
			await worker.terminate();
		},
	};
}
