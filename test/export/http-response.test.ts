import { describe, expect, it } from "vitest";
import {
	type HttpResponse,
	readResponse,
} from "../../src/export/http-response.js";

const MAX_BODY = 20;

/** Reads what came in these pieces; `closed`: the connection ended after them. */
function read(pieces: readonly string[], closed = false) {
	const reading = readResponse(MAX_BODY);
	reading.next();
	for (const piece of pieces) {
		const { done, value } = reading.next(Buffer.from(piece, "latin1"));
		if (done) return shown(value);
	}
	if (!closed) return "unfinished";
	const { done, value } = reading.next(undefined);
	return done ? shown(value) : "unfinished";
}

function shown({ status, body, reusable }: HttpResponse) {
	return [status, body.toString("latin1"), reusable];
}

const OK = "HTTP/1.1 200 OK\r\n";

describe("a response", () => {
	const whole: Record<string, [text: string, result: unknown]> = {
		"with a length": [`${OK}Content-Length: 2\r\n\r\nhi`, [200, "hi", true]],
		"without a body": [`${OK}content-length:0\r\n\r\n`, [200, "", true]],
		"in chunks, with extensions and trailers": [
			`${OK}Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\nA\r\n, everyone\r\n0\r\nx: y\r\n\r\n`,
			[200, "hi, everyone", true],
		],
		"whose status has no body": [
			"HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n",
			[204, "", true],
		],
		"after interim ones": [
			`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${OK}content-length: 2\r\n\r\nhi`,
			[200, "hi", true],
		],
		"that ends its connection": [
			`${OK}Connection: Close\r\ncontent-length: 2\r\n\r\nhi`,
			[200, "hi", false],
		],
		"of HTTP/1.0": [
			"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi",
			[200, "hi", false],
		],
		"of HTTP/1.0 that keeps its connection": [
			"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 2\r\n\r\nhi",
			[200, "hi", true],
		],
		"with a long body": [
			`${OK}content-length: 1000\r\n\r\n${"a".repeat(500)}`,
			[200, "a".repeat(MAX_BODY), false],
		],
		"in long chunks": [
			`${OK}transfer-encoding: chunked\r\n\r\nff\r\n${"a".repeat(100)}`,
			[200, "a".repeat(MAX_BODY), false],
		],
		"without a reason, by bare line feeds": [
			"HTTP/1.1 200\ncontent-length: 2\n\nhi",
			[200, "hi", true],
		],
	};
	for (const [name, [text, result]] of Object.entries(whole)) {
		it(`${name}, at once and byte by byte`, () => {
			expect(read([text])).toEqual(result);
			expect(read([...text])).toEqual(result);
		});
	}

	it("that more follows", () => {
		expect(read([`${OK}content-length: 2\r\n\r\nhi there`])).toEqual([
			200,
			"hi",
			false,
		]);
	});

	it("that lasts until the end of its connection", () => {
		const pieces = [`${OK}\r\nh`, "i"];
		expect(read(pieces)).toBe("unfinished");
		expect(read(pieces, true)).toEqual([200, "hi", false]);
	});

	const broken: Record<string, [text: string, error: RegExp]> = {
		"nothing at all": ["", /closed without an answer/],
		"half of a head": ["HTTP/1.1 200 OK\r\ncont", /closed without an answer/],
		"half of a body": [
			`${OK}content-length: 5\r\n\r\nhi`,
			/closed without an answer/,
		],
		"half of the chunks": [
			`${OK}transfer-encoding: chunked\r\n\r\n2\r\nhi`,
			/closed without an answer/,
		],
		"another protocol": [
			"SSH-2.0-OpenSSH_9.9\r\n\r\n",
			/no HTTP\/1.1 response/,
		],
		"a change of protocols": [
			"HTTP/1.1 101 Switching Protocols\r\n\r\n",
			/no HTTP\/1.1 response/,
		],
		"a header that is none": [`${OK}hello\r\n\r\n`, /no HTTP\/1.1 response/],
		"a length that is none": [
			`${OK}content-length: -2\r\n\r\n`,
			/no HTTP\/1.1 response/,
		],
		"a chunk that is none": [
			`${OK}transfer-encoding: chunked\r\n\r\nx\r\n`,
			/no HTTP\/1.1 response/,
		],
		"a chunk longer than it says": [
			`${OK}transfer-encoding: chunked\r\n\r\n1\r\nhi\r\n`,
			/no HTTP\/1.1 response/,
		],
		"an endless line": ["HTTP/1.1 200 ".padEnd(20_000, "a"), /too long/],
		"endless headers": [OK + "a: b\r\n".repeat(5000), /too long/],
		"endless trailers": [
			`${OK}transfer-encoding: chunked\r\n\r\n0\r\n${"a: b\r\n".repeat(5000)}`,
			/too long/,
		],
	};
	for (const [name, [text, error]] of Object.entries(broken)) {
		it(`is none: ${name}`, () => {
			expect(() => read([text], true)).toThrow(error);
		});
	}
});
