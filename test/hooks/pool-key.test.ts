import http from "node:http";
import https from "node:https";
import { describe, expect, it } from "vitest";
import { differingOptions } from "../../src/hooks/pool-key.js";

/** Keys as Node's own agents make them. */
const plain = new http.Agent();
const secure = new https.Agent();

const TARGET = { host: "example.test", port: 443, servername: "example.test" };

const differing = (
	agent: http.Agent,
	options: https.RequestOptions,
	others: https.RequestOptions,
): string =>
	differingOptions(
		agent.getName({ ...TARGET, ...options }),
		agent.getName({ ...TARGET, ...others }),
	);

describe("the options in which two pool keys differ", () => {
	for (const [kind, agent] of [
		["http", plain],
		["https", secure],
	] as const) {
		it(`${kind}: family`, () => {
			expect(differing(agent, { family: 4 }, {})).toBe("family");
			expect(differing(agent, {}, { family: 6 })).toBe("family");
		});

		it(`${kind}: localAddress`, () => {
			const localAddress = "127.0.0.1";
			expect(differing(agent, { localAddress }, {})).toMatch(/^localAddress/);
		});
	}

	it.each([
		["ca", { ca: "one" }],
		["cert", { cert: "one" }],
		["key", { key: "one" }],
		["pfx", { pfx: "one" }],
		["ciphers", { ciphers: "DEFAULT" }],
		["rejectUnauthorized", { rejectUnauthorized: false }],
		["servername", { servername: "other.test" }],
		["minVersion", { minVersion: "TLSv1.3" }],
		["maxVersion", { maxVersion: "TLSv1.2" }],
		["secureProtocol", { secureProtocol: "TLS_method" }],
		["ecdhCurve", { ecdhCurve: "P-256" }],
		["secureOptions", { secureOptions: 4 }],
		["sigalgs", { sigalgs: "RSA+SHA256" }],
	] satisfies [string, https.RequestOptions][])(
		"https: %s",
		(name, options) => {
			expect(differing(secure, options, {})).toBe(name);
		},
	);

	it("several", () => {
		const options = { ca: "one", minVersion: "TLSv1.3" } as const;
		expect(differing(secure, options, {})).toBe("ca, minVersion");
		expect(differing(secure, { ...options, family: 4 }, {})).toBe(
			"family, ca, minVersion",
		);
	});

	it("values with colons do not lead to a wrong name", () => {
		expect(differing(secure, { ciphers: "ONE:TWO" }, {})).toMatch(
			/^set of options/,
		);
	});

	it("never a value", () => {
		const secret = "-----BEGIN PRIVATE KEY-----";
		expect(differing(secure, { key: secret }, { family: 4 })).not.toContain(
			secret,
		);
	});
});
