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
	return (host) =>
		(isIncluded?.test(host) ?? true) && !(isIgnored?.test(host) ?? false);
}

function matcher(globs: string | undefined): RegExp | undefined {
	const patterns = (globs ?? "")
		.split(",")
		.map((glob) => glob.trim())
		.filter((glob) => glob !== "")
		.map((glob) =>
			glob.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*"),
		);
	return patterns.length === 0
		? undefined
		: new RegExp(`^(?:${patterns.join("|")})$`, "i");
}
