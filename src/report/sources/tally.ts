import { SCOPE_NAME } from "../../spans/names";
import type { Skipped, Source } from "../model";
import type { Span } from "../span";

/** Different problems that are told one by one; further ones are counted with the last. */
const MAX_PROBLEMS = 10;

/** Counts what a source gives, and hands on the spans of conntrace. */
export class Tally {
	private spans = 0;
	private foreignSpans = 0;
	private readonly problems = new Map<
		string,
		{ count: number; first: string }
	>();

	constructor(
		private readonly name: string,
		private readonly onSpan: (span: Span) => void,
	) {}

	add(spans: readonly Span[]): void {
		for (const span of spans) {
			this.spans += 1;
			if (isOfConntrace(span)) this.onSpan(span);
			else this.foreignSpans += 1;
		}
	}

	/**
	 * @param problem what is wrong; the same text is told once, with a count
	 * @param place file and line, or URL
	 */
	skip(problem: string, place: string): void {
		const full = this.problems.size >= MAX_PROBLEMS;
		const key = full && !this.problems.has(problem) ? "" : problem;
		const known = this.problems.get(key);
		if (known) known.count += 1;
		else this.problems.set(key, { count: 1, first: `${place}: ${problem}` });
	}

	get source(): Source {
		return {
			name: this.name,
			spans: this.spans,
			foreignSpans: this.foreignSpans,
			skipped: [...this.problems.values()]
				.map(({ count, first }): Skipped => ({ count, message: first }))
				.sort((a, b) => b.count - a.count),
		};
	}
}

/** By the instrumentation scope, or where that got lost on the way, by the attributes. */
function isOfConntrace({ scope, attributes }: Span): boolean {
	if (scope === SCOPE_NAME) return true;
	for (const name in attributes) {
		if (name.startsWith("conntrace.")) return true;
	}
	return false;
}
