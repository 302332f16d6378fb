/**
 * Where a header stands among names and values by turns, as Node and undici keep those that came.
 * @param name in lower case
 * @param from the first place to look at
 * @returns the place of its name, or -1
 */
export function indexOfHeader(
	pairs: readonly (Buffer | string | readonly string[])[],
	name: string,
	from = 0,
): number {
	for (let index = from; index < pairs.length; index += 2) {
		const key = pairs[index];
		if (key?.length === name.length && String(key).toLowerCase() === name) {
			return index;
		}
	}
	return -1;
}
