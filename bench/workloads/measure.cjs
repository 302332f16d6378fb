// Times what a workload does in CPU of the whole process, all threads, so that nothing hides in another one. The
// workloads are CommonJS, for that is where each of the peers sees everything.

/** Runs `put` for warmth, then for the record. @returns microseconds of CPU per put */
async function measure(put, { count, warmUp, atOnce = 1 }) {
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

function report(figures) {
	process.stdout.write(`${JSON.stringify(figures)}\n`);
}

module.exports = { measure, repeat, report };
