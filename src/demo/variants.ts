/** A way to use the SDK's client, as `CLIENT` of examples/handler.js takes it. */
export interface Variant {
	readonly title: string;
	readonly client: "shared" | "keep-alive-off" | "per-call";
	/** The `service.name` of its spans. */
	readonly service: string;
}

export const VARIANTS: readonly Variant[] = [
	{
		title: "SDK v3 as it comes",
		client: "shared",
		service: "demo-as-it-comes",
	},
	{
		title: "keep-alive off",
		client: "keep-alive-off",
		service: "demo-keep-alive-off",
	},
	{
		title: "a new client per call",
		client: "per-call",
		service: "demo-client-per-call",
	},
];
