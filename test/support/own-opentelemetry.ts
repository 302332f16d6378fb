import { randomUUID } from "node:crypto";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { inject } from "vitest";
import type { Run } from "./run-program.js";
import type { Span } from "./spans.js";

/** What a program says of a span of its own. */
export interface Recorded {
	readonly ids: { readonly spanId: string; readonly traceId: string };
	readonly recorded: {
		readonly name: string;
		readonly attributes: Readonly<Record<string, unknown>>;
	};
}

/** Its spans, as it reports them at its end. */
export function recorded({ reports }: Run): readonly Recorded[] {
	return reports as readonly Recorded[];
}

/** The span of the program's own that ours stands under. */
export function parentName(
	span: Span,
	own: readonly Recorded[],
): string | undefined {
	return own.find(
		({ ids }) =>
			ids.spanId === span.parentSpanId && ids.traceId === span.traceId,
	)?.recorded.name;
}

/** The set-up with one version of the API inside, whatever other versions are installed. */
export async function bundle(api: string): Promise<string> {
	// A file of its own for each test: they run at the same time.
	const outfile = join(inject("temporaryDirectory"), `${randomUUID()}.cjs`);
	await build({
		entryPoints: [resolve("test/programs/own-opentelemetry.cjs")],
		outfile,
		bundle: true,
		platform: "node",
		...(api !== "@opentelemetry/api" && {
			alias: { "@opentelemetry/api": api },
		}),
	});
	return outfile;
}
