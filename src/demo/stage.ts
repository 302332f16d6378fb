import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt } from "../failure.js";
import { type Receiver, startReceiver } from "../report/receiver.js";
import type { Span } from "../report/span.js";
import { makeCertificate } from "./certificate.js";
import { type DynamoDB, startDynamoDB } from "./dynamodb.js";

/** What the demo's programs talk to. */
export interface Stage {
	readonly dynamodb: DynamoDB;
	readonly receiver: Receiver;
	/** The spans received so far. */
	readonly spans: readonly Span[];
	/** The same as they came, an OTLP JSON text per export. */
	readonly exports: readonly string[];
	/** The environment in which the AWS SDK finds and trusts the DynamoDB. */
	readonly variables: Readonly<Record<string, string>>;
}

/**
 * Sets up the stage for an action and takes it down afterwards, however the action ends.
 * @throws Failure when a part cannot be had.
 */
export async function onStage<T>(
	action: (stage: Stage) => Promise<T>,
): Promise<T> {
	const takeDown: (() => Promise<void>)[] = [];
	try {
		const folder = await attempt("make a temporary folder", () =>
			mkdtemp(join(tmpdir(), "conntrace-demo-")),
		);
		takeDown.push(() => rm(folder, { recursive: true }));

		const certificate = await makeCertificate();
		const trusted = join(folder, "ca.pem");
		await attempt("write the certificate", () =>
			writeFile(trusted, certificate.cert),
		);

		const dynamodb = await attempt("start DynamoDB", () =>
			startDynamoDB(certificate),
		);
		takeDown.push(dynamodb.close);

		const spans: Span[] = [];
		const exports: string[] = [];
		const receiver = await attempt("start the receiver of the traces", () =>
			startReceiver((received, json) => {
				spans.push(...received);
				exports.push(json);
			}),
		);
		takeDown.push(receiver.close);

		const variables = {
			AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
			AWS_REGION: "us-east-1",
			AWS_ACCESS_KEY_ID: "demo",
			AWS_SECRET_ACCESS_KEY: "demo",
			// A profile on this machine could lead the SDK elsewhere.
			AWS_CONFIG_FILE: join(folder, "no-config"),
			AWS_SHARED_CREDENTIALS_FILE: join(folder, "no-credentials"),
			AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
			NODE_EXTRA_CA_CERTS: trusted,
			TABLE_NAME: "keepalive-test",
		};
		return await action({ dynamodb, receiver, spans, exports, variables });
	} finally {
		for (const remove of takeDown.reverse()) await remove();
	}
}
