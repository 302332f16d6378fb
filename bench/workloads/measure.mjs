// Times what a workload does in CPU of the whole process, all threads, so that nothing hides in another one.

/** Runs `put` for warmth, then for the record. @returns microseconds of CPU per put */
export async function measure(put, { count, warmUp, atOnce = 1 }) {
	await repeat(put, warmUp, atOnce);
	const before = process.cpuUsage();
	await repeat(put, count, atOnce);
	// What the puts have left to export is part of what they cost.
	await new Promise((resolve) => setTimeout(resolve, 1500));
	const { user, system } = process.cpuUsage(before);
	return (user + system) / count;
}

async function repeat(put, count, atOnce) {
	let left = count;
	const worker = async () => {
		while (left-- > 0) await put();
	};
	await Promise.all(Array.from({ length: atOnce }, worker));
}

export function report(figures) {
	process.stdout.write(`${JSON.stringify(figures)}\n`);
}
