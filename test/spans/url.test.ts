import { describe, expect, it } from "vitest";
import { redactUrl } from "../../src/spans/url.js";
import { hostWithoutUser } from "../../src/user-information.js";

describe("an address in a span", () => {
	it.each([
		["http://host/path", "http://host/path"],
		["http://user:password@host:80/path", "http://host:80/path"],
		["https://user@host?a=b#c", "https://host?a=REDACTED"],
		["https://us/er@host/", "https://us/er@host/"],
		[
			"https://proxy/fetch/https://user:password@host/",
			"https://proxy/fetch/https://host/",
		],
		[
			"https://proxy/fetch/http:/user:password@host/",
			"https://proxy/fetch/http:/host/",
		],
		["http://host/@scope/name", "http://host/@scope/name"],
		["http://host/?a=b=c&&d=&e", "http://host/?a=REDACTED&&d=REDACTED&e"],
		["http://host/?a=b;c=d", "http://host/?a=REDACTED"],
		["http://host/?a=b\n&c=d", "http://host/?a=REDACTED&c=REDACTED"],
		["http://host/?eyJhbGciOiJIUzI1NiJ9.e30", "http://host/?REDACTED"],
		[`http://host/?${"a".repeat(65)}==`, "http://host/?REDACTED"],
		[
			"http://host/page;jsessionid=1A2B;v=1/next?a=b",
			"http://host/page;jsessionid=REDACTED;v=REDACTED/next?a=REDACTED",
		],
		["http://host/a;b/c", "http://host/a;b/c"],
	])("%s is %s", (url, redacted) => {
		expect(redactUrl(url)).toBe(redacted);
	});

	it("names no user in its host", () => {
		expect(hostWithoutUser("user:pass@word@host.test")).toBe("host.test");
		expect(hostWithoutUser("host.test")).toBe("host.test");
		expect(hostWithoutUser("::1")).toBe("::1");
	});
});
