import type { Span } from "@opentelemetry/api";
import { say } from "../agent/log";
import type { Exchange, Request } from "../connections/request";
import type {
	ConnectionInstrumentationConfig,
	HookedRequest,
	HookedResponse,
} from "./options";

type Hooks = Pick<
	ConnectionInstrumentationConfig,
	"requestHook" | "responseHook"
>;

/** Calls the user's hooks. One that throws takes nothing from the program or the trace, and is said once. */
export class Customization {
	private readonly failed = new Set<keyof Hooks>();

	constructor(private readonly hooks: () => Hooks) {}

	readonly customize = (span: Span, { exchange }: Request): void => {
		const { requestHook, responseHook } = this.hooks();
		const { statusCode } = exchange;
		if (requestHook) {
			this.call("requestHook", () =>
				requestHook(span, hookedRequest(exchange)),
			);
		}
		if (responseHook && statusCode !== undefined) {
			this.call("responseHook", () =>
				responseHook(span, hookedResponse(exchange, statusCode)),
			);
		}
	};

	private call(name: keyof Hooks, hook: () => void): void {
		try {
			hook();
		} catch (error) {
			if (this.failed.has(name)) return;
			this.failed.add(name);
			say(`${name} failed, and may do so again unsaid: ${String(error)}`);
		}
	}
}

function hookedRequest(exchange: Exchange): HookedRequest {
	const { method, url, host, port } = exchange;
	return {
		method,
		url,
		host,
		port,
		header: (name) => exchange.requestHeader(name.toLowerCase()),
	};
}

function hookedResponse(
	exchange: Exchange,
	statusCode: number,
): HookedResponse {
	return {
		statusCode,
		header: (name) => exchange.responseHeader(name.toLowerCase()),
	};
}
