import { interval, median } from "./statistics.mjs";

/**
 * Runs a plain program and then each row, round by round, so that whatever else the machine does meets all of them.
 * @param run gives the figures of one run of a row, by what it is and its name; of the plain program without a name
 * @returns the figures of the plain runs, and those of each row by its name
 */
export async function interleave(title, rounds, rows, run) {
	const plain = [];
	const measured = Object.fromEntries(
		Object.keys(rows).map((name) => [name, []]),
	);
	for (let round = 1; round <= rounds; round++) {
		if (process.stderr.isTTY)
			process.stderr.write(`\r\x1b[K${title}: round ${round} of ${rounds}`);
		plain.push(await run({}));
		for (const [name, row] of Object.entries(rows))
			measured[name].push(await run(row, name));
	}
	if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
	return { plain, measured };
}

/** What is more in a row than in the plain run next to it: the median, and the interval in which that lies. */
export function difference(plain, measured) {
	const differences = measured.map((value, round) => value - plain[round]);
	return {
		plain: median(plain),
		added: median(differences),
		interval: interval(differences),
		differences,
	};
}
