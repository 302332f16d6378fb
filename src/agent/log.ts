/** Says one line to the people who run the program. Spans go elsewhere; this is for what they must know. */
export function say(line: string): void {
	process.stderr.write(`conntrace: ${line}\n`);
}
