import { channel } from "node:diagnostics_channel";
import type { Connection } from "../connections/connection";
import type { Request } from "../connections/request";
import type { TrackerListener } from "../connections/tracker";
import { CONNECTION_CHANNEL, REQUEST_CHANNEL } from "./channel-names";
import { connectionClosed, setupEnded } from "./connection-facts";
import type { ConnectionFacts } from "./facts";
import { requestFacts } from "./request-facts";

const requests = channel(REQUEST_CHANNEL);
const connections = channel(CONNECTION_CHANNEL);

/** Publishes what ends to its channel, in the turn in which it ends; without a subscriber nothing is made of it. */
export const factPublisher: Partial<TrackerListener> = {
	requestEnded(request: Request): void {
		if (!requests.hasSubscribers || request.endedAt === undefined) return;
		requests.publish(requestFacts(request, request.endedAt));
	},

	setupEnded(connection: Connection): void {
		if (connections.hasSubscribers) publish(setupEnded(connection));
	},

	connectionEnded(connection: Connection): void {
		if (connections.hasSubscribers) publish(connectionClosed(connection));
	},
};

function publish(facts: ConnectionFacts | undefined): void {
	if (facts) connections.publish(facts);
}
