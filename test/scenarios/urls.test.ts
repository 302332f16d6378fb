import { expect } from "vitest";
import { runScenario, test } from "../support/scenario.js";
import { startServer } from "../support/server.js";
import { requestsOf } from "../support/spans.js";

test("the same path on servers by turns is told with the server of each request", async ({
	http,
	https,
}) => {
	const another = await startServer();
	const plain = `http://localhost:${http.port}/same`;
	// Each differs from the one before it in as little as can be.
	const urls = [
		`${plain}?key=value`,
		plain,
		`http://127.0.0.1:${http.port}/same`,
		plain,
		`http://localhost:${another.port}/same`,
		`https://localhost:${https.port}/same`,
		`http://localhost:${https.port}/same`,
	];
	const run = await runScenario(
		http,
		async ({ http, https, once, values }) => {
			for (const url of values) {
				const client = url.startsWith("https:") ? https : http;
				const request = client.get(url, (response) => response.resume());
				// One asks a server that speaks TLS without it.
				request.on("error", () => {});
				await once(request, "close");
			}
		},
		{ values: urls },
	);
	await another.close();
	expect(
		requestsOf(run.spans).map(({ attributes }) => attributes["url.full"]),
	).toEqual(urls.map((url) => url.replace("=value", "=REDACTED")));
});
