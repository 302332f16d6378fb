// Agents that keep connections, each by means of its own: what the agents of other packages and of programs do.
const agentBase = require("agent-base");
const agentkeepalive = require("agentkeepalive");

const later = (milliseconds = 5) =>
	new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * By what each of them does in a way of its own. `client` is `http` or `https`, `connect` makes a connection for it.
 */
module.exports = {
	agentkeepalive: ({ secure, limits }) =>
		new (secure ? agentkeepalive.HttpsAgent : agentkeepalive.HttpAgent)(limits),

	"agent-base, at once": ({ connect }) =>
		new (class extends agentBase.Agent {
			connect(_, options) {
				return connect(options);
			}
		})({ keepAlive: true }),

	"agent-base, later": ({ connect }) =>
		new (class extends agentBase.Agent {
			async connect(_, options) {
				await later();
				return connect(options);
			}
		})({ keepAlive: true }),

	"agent-base, much later": ({ connect, maxSockets }) =>
		new (class extends agentBase.Agent {
			async connect(_, options) {
				await later(100);
				return connect(options);
			}
		})({ keepAlive: true, maxSockets }),

	"createConnection that returns": ({ client, connect }) =>
		new (class extends client.Agent {
			createConnection(options) {
				return connect(options);
			}
		})({ keepAlive: true }),

	"createConnection that calls back": ({ client, connect }) =>
		new (class extends client.Agent {
			createConnection(options, callback) {
				later().then(() => callback(null, connect(options)));
			}
		})({ keepAlive: true }),

	addRequest: ({ client }) =>
		new (class extends client.Agent {
			addRequest(request, options) {
				super.addRequest(request, { ...options, noDelay: true });
			}
		})({ keepAlive: true }),

	createSocket: ({ client }) =>
		new (class extends client.Agent {
			createSocket(request, options, callback) {
				super.createSocket(request, { ...options }, callback);
			}
		})({ keepAlive: true }),

	keepSocketAlive: ({ client }) =>
		new (class extends client.Agent {
			keepSocketAlive(socket) {
				socket.setKeepAlive(true, 1000);
				return true;
			}
		})({ keepAlive: true }),

	getName: ({ client }) =>
		new (class extends client.Agent {
			getName({ host, port }) {
				return `own:${host}:${port}`;
			}
		})({ keepAlive: true }),
};
