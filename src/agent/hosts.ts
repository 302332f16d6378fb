/**
 * Which hosts are traced.
 * @param included comma-separated globs (`*` for any characters); all hosts if empty
 * @param ignored the same, for hosts that are left out
 */
export function tracedHosts(
	included: string | undefined,
	ignored: string | undefined,
): (host: string) => boolean {
	const isIncluded = matcher(included);
	const isIgnored = matcher(ignored);
	if (!isIncluded && !isIgnored) return () => true;
	return (host) => {
		const name = host.toLowerCase();
		return (isIncluded?.(name) ?? true) && !(isIgnored?.(name) ?? false);
	};
}

type Matcher = (name: string) => boolean;

function matcher(globs: string | undefined): Matcher | undefined {
	const matchers = (globs ?? "")
		.split(",")
		.map((glob) => glob.trim().toLowerCase())
		.filter((glob) => glob !== "")
		.map(globMatcher);
	return matchers.length === 0
		? undefined
		: (name) => matchers.some((matches) => matches(name));
}

/** Each part between two stars is looked for once, where it stands first: a regular expression could try all places. */
function globMatcher(glob: string): Matcher {
	const [begin = "", ...parts] = glob.split("*");
	const end = parts.pop();
	if (end === undefined) return (name) => name === begin;
	return (name) => {
		if (!name.startsWith(begin) || !name.endsWith(end)) return false;
		let position = begin.length;
		for (const part of parts) {
			const found = name.indexOf(part, position);
			if (found < 0) return false;
			position = found + part.length;
		}
		return position + end.length <= name.length;
	};
}
