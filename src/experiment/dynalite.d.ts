declare module "dynalite" {
	import type { Server } from "node:https";

	/** `ca` is only used to check client certificates, which nobody asks for. */
	interface TlsOptions {
		ssl: true;
		key: string;
		cert: string;
		ca: string;
		createTableMs: number;
	}

	/** A DynamoDB in memory. */
	export default function dynalite(
		options: TlsOptions | Pick<TlsOptions, "createTableMs">,
	): Server;
}
