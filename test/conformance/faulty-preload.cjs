// Changes programs in ways that the judge must see: unhandled errors of sockets are swallowed, and requests have a
// header more.
const { ClientRequest } = require("node:http");
const { Socket } = require("node:net");

const { connect } = Socket.prototype;
Socket.prototype.connect = function (...values) {
	return connect.apply(
		this.on("error", () => {}),
		values,
	);
};

const { onSocket } = ClientRequest.prototype;
ClientRequest.prototype.onSocket = function (...values) {
	if (!this.headersSent) this.setHeader("x-added", "1");
	return onSocket.apply(this, values);
};
