import { generate } from "selfsigned";

export interface Certificate {
	/** PEM */
	readonly key: string;
	/** PEM */
	readonly cert: string;
}

/** A server's certificate for this machine and the authority that a client has to trust for it. */
export interface Certificates {
	readonly server: Certificate;
	/** PEM, for NODE_EXTRA_CA_CERTS. */
	readonly authority: string;
}

export const SERVER_SUBJECT = "localhost";
export const AUTHORITY_SUBJECT = "test authority";

const HOUR = 3_600_000;

/** Makes an authority and, signed by it, a certificate for localhost, 127.0.0.1 and ::1, valid for a day. */
export async function makeCertificates(): Promise<Certificates> {
	const authority = await makeCertificate(AUTHORITY_SUBJECT, [
		{ name: "basicConstraints", cA: true, critical: true },
		{ name: "keyUsage", keyCertSign: true, critical: true },
	]);
	const server = await makeCertificate(
		SERVER_SUBJECT,
		[
			{ name: "extKeyUsage", serverAuth: true, clientAuth: true },
			{
				name: "subjectAltName",
				altNames: [
					{ type: 2, value: "localhost" },
					{ type: 7, ip: "127.0.0.1" },
					{ type: 7, ip: "::1" },
				],
			},
		],
		authority,
	);
	return { server, authority: authority.cert };
}

async function makeCertificate(
	commonName: string,
	extensions: NonNullable<
		NonNullable<Parameters<typeof generate>[1]>["extensions"]
	>,
	ca?: Certificate,
): Promise<Certificate> {
	const { private: key, cert } = await generate(
		[{ name: "commonName", value: commonName }],
		{
			keyType: "ec",
			algorithm: "sha256",
			notBeforeDate: new Date(Date.now() - HOUR),
			notAfterDate: new Date(Date.now() + 23 * HOUR),
			extensions,
			...(ca && { ca }),
		},
	);
	return { key, cert };
}
