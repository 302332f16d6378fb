import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
	type Certificate,
	makeCertificate,
} from "../../src/experiment/certificate.js";

let certificate: Certificate;
let server: ReturnType<typeof createServer>;

beforeAll(async () => {
	certificate = await makeCertificate();
	server = createServer(certificate).listen(0, "127.0.0.1");
	await once(server, "listening");
});

afterAll(() => server.close());

function handshake(servername: string, ca?: string) {
	const { port } = server.address() as AddressInfo;
	const socket = connect({
		port,
		host: "127.0.0.1",
		servername,
		...(ca && { ca }),
	});
	return once(socket, "secureConnect").finally(() => socket.destroy());
}

it("is accepted for localhost by a client that trusts it", async () => {
	await handshake("localhost", certificate.cert);
});

it("is refused by a client that does not", async () => {
	await expect(handshake("localhost")).rejects.toThrow(
		"self-signed certificate",
	);
});

it("is refused for another name", async () => {
	await expect(handshake("example.org", certificate.cert)).rejects.toThrow(
		"does not match certificate's altnames",
	);
});
