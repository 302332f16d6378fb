// Stands in for `rapid-client.node`, the native part of AWS's runtime client, where that has not been built: the same
// three functions over the same protocol. As there, an answer is sent while the thread waits, and nothing of it is
// seen by `node:http` of the thread.
const { statSync } = require("node:fs");
const { basename } = require("node:path");
const { Worker } = require("node:worker_threads");

const SENDER = `
const { parentPort, workerData } = require("node:worker_threads");
const { Agent, request } = require("node:http");
const [hostname, port] = workerData.split(":");
const agent = new Agent({ keepAlive: true });
parentPort.on("message", ({ method, path, headers, body, sent }) => {
	const asked = request({ agent, hostname, port, method, path: "/2018-06-01/runtime/invocation/" + path, headers }, (response) => {
		let bodyJson = "";
		response.setEncoding("utf8").on("data", (text) => { bodyJson += text; });
		response.on("end", () => {
			if (!sent) return parentPort.postMessage({ bodyJson, headers: response.headers });
			Atomics.store(sent, 0, 1);
			Atomics.notify(sent, 0);
		});
	});
	asked.end(body);
});
`;

function nativeClient() {
	const sender = new Worker(SENDER, {
		eval: true,
		execArgv: [],
		env: {},
		workerData: process.env.AWS_LAMBDA_RUNTIME_API,
	});
	sender.unref();

	function post(path, headers, body) {
		const sent = new Int32Array(new SharedArrayBuffer(4));
		sender.postMessage({ method: "POST", path, headers, body, sent });
		Atomics.wait(sent, 0, 0);
		return null;
	}

	return {
		next: () =>
			new Promise((resolve) => {
				sender.ref();
				sender.once("message", (invocation) => {
					sender.unref();
					resolve(invocation);
				});
				sender.postMessage({ method: "GET", path: "next", headers: {} });
			}),
		done: (id, body) =>
			post(`${id}/response`, { "content-type": "application/json" }, body),
		error: (id, body, cause) =>
			post(
				`${id}/error`,
				{
					"content-type": "application/json",
					"lambda-runtime-function-xray-error-cause": encodeURI(cause),
				},
				body,
			),
	};
}

const { dlopen } = process;
process.dlopen = (module, file, ...rest) => {
	const built = statSync(file).size > 0;
	if (basename(file) !== "rapid-client.node" || built)
		return dlopen.call(process, module, file, ...rest);
	module.exports = nativeClient();
};
