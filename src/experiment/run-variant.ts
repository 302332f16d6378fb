import { type Collection, startCollection } from "../commands/collection";
import type { Destination } from "../commands/forwarding";
import { preloadEnvironment } from "../commands/preload";
import { attempt } from "../failure";
import type { Run } from "../report/model";
import { type Certificate, ENDPOINT_NAMES } from "./certificate";
import { type DynamoDB, startDynamoDB } from "./dynamodb";
import { neutralEnvironment, runNode } from "./program";
import {
	DNS_DELAY_VARIABLE,
	SETTINGS_VARIABLE,
	type Settings,
	STOPPING,
} from "./settings";
import type { Counted } from "./truth";
import { durationOf, type Variant } from "./variants";

/** What all variants have in common. */
export interface Conditions {
	/** A DynamoDB that is there already; an embedded one is started if it is absent. */
	readonly endpoint?: string | undefined;
	readonly table: string;
	/** Added to each question and answer of the embedded server, in milliseconds. */
	readonly roundTrip: number;
	/** Added to each name resolution, in milliseconds. */
	readonly dnsDelay: number;
}

/** What the variants are run with. */
export interface Stage {
	readonly certificate: Certificate;
	/** File of the certificate, for programs to trust. */
	readonly certificateFile: string;
	/** Paths of the agent and of the programs. */
	readonly files: {
		readonly agent: string;
		readonly names: string;
		readonly handlers: Readonly<Record<Variant["sdk"], string>>;
	};
	readonly destination: Destination | undefined;
	readonly signal: AbortSignal;
}

export interface VariantResult {
	readonly run: Run;
	/** Of the embedded server. */
	readonly counted?: Counted;
	/** What could not be sent on. */
	readonly warning?: string;
}

/** Beyond the pauses: starting a program and its calls on a machine that is busy. */
const START_LIMIT_MS = 60_000;

export function serviceOf({ id }: Pick<Variant, "id">): string {
	return `experiment-${id}`;
}

/**
 * Runs the handler in one variant, as a process of its own with the agent.
 * @throws Failure when it fails or something cannot be had
 */
export async function runVariant(
	variant: Variant,
	conditions: Conditions,
	stage: Stage,
): Promise<VariantResult> {
	const server = conditions.endpoint
		? undefined
		: await attempt("start DynamoDB", () =>
				startDynamoDB({
					certificate: stage.certificate,
					table: conditions.table,
					idleLimit: variant.serverIdleLimit,
					roundTrip: conditions.roundTrip,
				}),
			);
	const collection = await startCollection({ destination: stage.destination });
	try {
		await runHandler(variant, conditions, stage, { server, collection });
		const { run, warning } = await collection.finish(variant.title);
		return {
			run,
			...(server && { counted: server.seen }),
			...(warning && { warning }),
		};
	} catch (error) {
		await collection.cancel();
		throw error;
	} finally {
		await server?.close();
	}
}

async function runHandler(
	variant: Variant,
	conditions: Conditions,
	{ files, certificateFile, signal }: Stage,
	{
		server,
		collection,
	}: { server: DynamoDB | undefined; collection: Collection },
): Promise<void> {
	const embedded: NodeJS.ProcessEnv = server
		? {
				NODE_EXTRA_CA_CERTS: certificateFile,
				AWS_REGION: "us-east-1",
				AWS_ACCESS_KEY_ID: "experiment",
				AWS_SECRET_ACCESS_KEY: "experiment",
				// A profile on this machine could lead the SDK elsewhere.
				AWS_CONFIG_FILE: `${certificateFile}.no-config`,
				AWS_SHARED_CREDENTIALS_FILE: `${certificateFile}.no-credentials`,
			}
		: awsEnvironment();
	const settings: Settings = {
		client: variant.client,
		endpoints: endpointsFor(variant, conditions, server),
		table: conditions.table,
		calls: variant.calls,
		pause: variant.pause,
		stops: variant.freeze !== undefined,
		idleLimit: variant.clientIdleLimit,
		pools: variant.pools,
	};
	const env = preloadEnvironment(
		{
			...neutralEnvironment(),
			...embedded,
			...variant.env,
			AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
			AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: "1",
			OTEL_SERVICE_NAME: serviceOf(variant),
			[SETTINGS_VARIABLE]: JSON.stringify(settings),
			[DNS_DELAY_VARIABLE]: String(conditions.dnsDelay),
		},
		// The names first, so that the agent sees their delays.
		[files.names, files.agent],
		collection.receiverUrl,
	);
	await runNode(variant.title, [files.handlers[variant.sdk]], {
		env,
		signal,
		timeLimit: durationOf(variant) + START_LIMIT_MS,
		onLine(line, child) {
			if (line !== STOPPING) return;
			setTimeout(() => child.kill("SIGCONT"), variant.freeze);
		},
	});
}

/** What the SDKs read to find the endpoint's region and credentials. */
function awsEnvironment(): NodeJS.ProcessEnv {
	const { AWS_NODEJS_CONNECTION_REUSE_ENABLED, ...env } = process.env;
	return Object.fromEntries(
		Object.entries(env).filter(([name]) => name.startsWith("AWS_")),
	);
}

function endpointsFor(
	{ endpoints = 1 }: Variant,
	{ endpoint }: Conditions,
	server: DynamoDB | undefined,
): string[] {
	if (!server) return [endpoint ?? ""];
	return endpoints === 1
		? [`https://localhost:${server.port}`]
		: ENDPOINT_NAMES.slice(0, endpoints).map(
				(name) => `https://${name}:${server.port}`,
			);
}
