/** Longer keys hold certificates and other options of TLS, which may be hundreds of kilobytes. */
const LONG = 200;

/**
 * What a pool key is remembered by when its pool may be gone: a long one by its length and two independent hashes
 * (FNV-1a and a multiplicative one), so that nothing of its text stays in memory.
 */
export function shortKey(key: string): string {
	const { length } = key;
	if (length <= LONG) return key;
	let one = 0x811c9dc5;
	let other = 0x9e3779b9;
	for (let index = 0; index < length; index++) {
		const code = key.charCodeAt(index);
		one = Math.imul(one ^ code, 0x01000193);
		other = Math.imul(other + code, 0x85ebca6b) ^ (other >>> 13);
	}
	return `${length} ${one >>> 0} ${other >>> 0}`;
}
