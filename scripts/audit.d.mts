export function unexplained(
	report: string,
	explanations: string,
): string[] | undefined;
