import { generate } from "selfsigned";

export interface Certificate {
	/** PEM */
	readonly key: string;
	/** PEM; signed by itself, so it is also what a client has to trust. */
	readonly cert: string;
}

/** Further names of this machine, for servers that are to look like several. */
export const ENDPOINT_NAMES = [1, 2, 3].map(
	(number) => `dynamodb-${number}.localhost`,
);

/** Makes a certificate for a server on this machine, valid for a day. */
export async function makeCertificate(): Promise<Certificate> {
	const now = Date.now();
	const hour = 3_600_000;
	const { private: key, cert } = await generate(
		[{ name: "commonName", value: "localhost" }],
		{
			keyType: "ec",
			algorithm: "sha256",
			notBeforeDate: new Date(now - hour),
			notAfterDate: new Date(now + 24 * hour),
			extensions: [
				{ name: "basicConstraints", cA: true, critical: true },
				{ name: "keyUsage", digitalSignature: true, keyCertSign: true },
				{ name: "extKeyUsage", serverAuth: true },
				{
					name: "subjectAltName",
					altNames: [
						...["localhost", ...ENDPOINT_NAMES].map(
							(value) => ({ type: 2, value }) as const,
						),
						{ type: 7, ip: "127.0.0.1" },
						{ type: 7, ip: "::1" },
					],
				},
			],
		},
	);
	return { key, cert };
}
