// Puts one after the other, each on a connection that is there already. Arguments: sockets | hosts | agents, and how many.
const { once } = require("node:events");
const http = require("node:http");
const { measure, report } = require("./measure.cjs");
const { begin, body, put } = require("./put.cjs");

const { BENCH_PORT, BENCH_COUNT } = process.env;
const [kind, size] = [process.argv[2], Number(process.argv[3])];
const count = Number(BENCH_COUNT);

/** Each idle connection has its turn. */
const newAgent = () =>
	new http.Agent({
		keepAlive: true,
		maxFreeSockets: Infinity,
		scheduling: "fifo",
	});
const agents = Array.from({ length: kind === "agents" ? size : 1 }, newAgent);
/** Each address of the loopback device is a host of its own. */
const urls = Array.from(
	{ length: kind === "hosts" ? size : 1 },
	(_, index) =>
		`http://127.0.${(index + 1) >> 8}.${(index + 1) & 0xff}:${BENCH_PORT}`,
);
const urlOf = (index) => urls[index % urls.length];
const agentOf = (index) => agents[index % agents.length];

/** Opens all connections: each is held by a request until the last is there. */
async function open() {
	const requests = [];
	const ends = [];
	for (let index = 0; index < size; index++) {
		ends.push(
			new Promise((resolve, reject) => {
				const request = begin(urlOf(index), agentOf(index), (error) =>
					error ? reject(error) : resolve(),
				);
				request.flushHeaders();
				requests.push(request);
			}),
		);
		const [socket] = await once(requests[index], "socket");
		if (socket.connecting) await once(socket, "connect");
	}
	for (const request of requests) request.end(body);
	await Promise.all(ends);
}

async function main() {
	await open();
	let turn = 0;
	const next = () => {
		turn += 1;
		return put(urlOf(turn), agentOf(turn));
	};
	report({ cpu: await measure(next, { count, warmUp: Math.ceil(count / 4) }) });
	const opened = agents
		.flatMap(({ freeSockets }) => Object.values(freeSockets))
		.reduce((sum, { length }) => sum + length, 0);
	if (opened !== size) throw new Error(`${opened} connections, not ${size}`);
	for (const agent of agents) agent.destroy();
}

main();
