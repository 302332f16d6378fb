// What the servers of the measurements prove themselves with.
import { generate } from "selfsigned";

/** @returns {Promise<{ private: string, cert: string }>} PEM, for localhost */
export function makeCertificate() {
	return generate([{ name: "commonName", value: "localhost" }], {
		keyType: "ec",
		extensions: [
			{ name: "basicConstraints", cA: true },
			{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] },
		],
	});
}
