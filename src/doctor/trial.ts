/** A program that makes requests on the loopback interface in the ways that are hooked; run by `node -e`. */
export const TRIAL = `
const http = require("node:http");
const server = http.createServer((request, response) => response.end("ok"));
server.listen(0, "127.0.0.1", async () => {
	const { port } = server.address();
	const agent = new http.Agent({ keepAlive: true });
	for (let call = 1; call <= 2; call++) {
		await new Promise((resolve, reject) => {
			http.get({ host: "localhost", family: 4, port, agent }, (response) =>
				response.resume().on("close", () => setImmediate(resolve)),
			).on("error", reject);
		});
	}
	await (await fetch("http://127.0.0.1:" + port)).text();
	agent.destroy();
	server.close();
	server.closeAllConnections();
});
`;

/** Nothing of the configuration decides what is seen of the trial. */
export const TRIAL_ENVIRONMENT: NodeJS.ProcessEnv = {
	CONNTRACE_HOSTS: "",
	CONNTRACE_IGNORE_HOSTS: "",
	CONNTRACE_REUSED_RATIO: "",
	CONNTRACE_FILE: "",
	CONNTRACE_SUMMARY: "",
	OTEL_TRACES_SAMPLER: "",
	OTEL_LOG_LEVEL: "",
	http_proxy: "",
	HTTP_PROXY: "",
	NODE_USE_ENV_PROXY: "",
};

/** What has to be seen of it: uses of connections by host, in order. */
export const TRIAL_EXPECTED = {
	"http.request": { host: "localhost", uses: ["fresh", "reused"] },
	fetch: { host: "127.0.0.1", uses: ["fresh"] },
} as const;
