// Changes programs in ways that the judge must see: unhandled errors of sockets are swallowed, requests of undici have a
// header more, and responses of http tell what their status means in small letters.
const { subscribe } = require("node:diagnostics_channel");
const { Socket } = require("node:net");

const { connect } = Socket.prototype;
Socket.prototype.connect = function (...values) {
	return connect.apply(
		this.on("error", () => {}),
		values,
	);
};

subscribe("undici:request:create", ({ request }) =>
	request.addHeader("x-added", "1"),
);

subscribe("http.client.response.finish", ({ response }) => {
	response.statusMessage = response.statusMessage.toLowerCase();
});
