declare module "dynalite" {
	import type { Server } from "node:https";

	/** A DynamoDB in memory; `ca` is only used to check client certificates, which nobody asks for. */
	export default function dynalite(options: {
		ssl: true;
		key: string;
		cert: string;
		ca: string;
		createTableMs: number;
	}): Server;
}
