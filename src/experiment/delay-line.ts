import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * Passes connections on to a port of this machine and delays all that is sent on them, so that each question and answer
 * takes a round trip longer. Connecting itself is done by the system and is not delayed.
 * @param roundTrip in milliseconds
 */
export async function startDelayLine(
	port: number,
	host: string,
	roundTrip: number,
): Promise<Server> {
	const server = createServer({ allowHalfOpen: true }, (near) => {
		const far = connect({ port, host, allowHalfOpen: true });
		join(near, far, roundTrip / 2);
		join(far, near, roundTrip / 2);
	});
	server.listen(0, host);
	await once(server, "listening");
	return server;
}

function join(from: Socket, to: Socket, delay: number): void {
	from.setNoDelay();
	// Timers of one duration fire in the order in which they were made.
	from.on("data", (chunk) => setTimeout(() => to.write(chunk), delay));
	from.on("end", () => setTimeout(() => to.end(), delay));
	// One that fails ends the other.
	from.on("error", () => to.destroy());
}
