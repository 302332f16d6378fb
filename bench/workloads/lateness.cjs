/** For how long a timer of one millisecond was late, by what `monitorEventLoopDelay` says, in milliseconds. */
function lateness(delay) {
	const late = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - 1);
	return {
		p99: late(delay.percentile(99)),
		p999: late(delay.percentile(99.9)),
		longest: late(delay.max),
	};
}

module.exports = { lateness };
