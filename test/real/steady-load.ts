import { resolve } from "node:path";
import { expect } from "vitest";
import { type Run, runProgram } from "../support/run-program.js";
import { startServer } from "../support/server.js";
import { requestsOf, type Span } from "../support/spans.js";

const PROGRAM = resolve("test/programs/load-until.cjs");

const AGENTS = 3;

export interface SteadyLoad {
	/** What the programs were traced to have done, once they have ended. */
	stop(): Promise<Span[]>;
}

/** The environment of a program whose spans go to a gateway. */
export function exportTo(
	collector: string,
	service: string,
): Record<string, string> {
	return {
		OTEL_SERVICE_NAME: service,
		OTEL_TRACES_EXPORTER: "otlp",
		OTEL_EXPORTER_OTLP_ENDPOINT: collector,
		OTEL_BSP_SCHEDULE_DELAY: "100",
		CONNTRACE_FLUSH_TIMEOUT: "20000",
	};
}

/**
 * Programs that make requests, each on one connection, until they are told to stop.
 * @param pause between two requests of one, in milliseconds
 */
export async function startLoad(
	collector: string,
	service: string,
	pause: number,
): Promise<SteadyLoad> {
	let answer = "go on";
	const server = await startServer({
		handler: (_, response) => response.end(answer),
	});
	const runs = Promise.all(
		Array.from({ length: AGENTS }, () =>
			runProgram(PROGRAM, {
				arguments: [server.origin, String(pause)],
				timeLimit: 300_000,
				environment: exportTo(collector, service),
			}),
		),
	);
	return {
		async stop() {
			answer = "stop";
			const ended: Run[] = await runs;
			await server.close();
			// An agent names at its end what it could not deliver.
			expect(ended.map(({ stderr }) => stderr)).toEqual(ended.map(() => ""));
			return ended.flatMap(({ spans }) => spans);
		},
	};
}

/** The spans that are not among those that arrived. */
export function missing(
	sent: readonly Span[],
	arrived: readonly Span[],
): Span[] {
	const ids = new Set(arrived.map(idOf));
	return sent.filter((span) => !ids.has(idOf(span)));
}

const idOf = ({ traceId, spanId }: Span) => `${traceId} ${spanId}`;

/** Whether every program's requests since a moment, in milliseconds since 1970, are among those that arrived. */
export function heardSince(arrived: readonly Span[], moment: number): boolean {
	const connections = requestsOf(arrived)
		.filter(({ start }) => start > BigInt(moment) * 1_000_000n)
		.map(({ attributes }) => attributes["conntrace.connection.id"]);
	return new Set(connections).size >= AGENTS;
}
