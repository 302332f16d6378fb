import { createHistogram } from "node:perf_hooks";

/** How long methods of an object take each time they are called, those that they call among them. */
export class StepTimes {
	#steps;

	/** @param methods what they do, by their names */
	constructor(object, methods) {
		this.#steps = Object.entries(methods).map(([method, name]) => {
			const histogram = createHistogram();
			const original = object[method];
			object[method] = (...args) => {
				const begin = process.hrtime.bigint();
				try {
					return original.apply(object, args);
				} finally {
					histogram.record(process.hrtime.bigint() - begin);
				}
			};
			return { name, histogram };
		});
	}

	/** In milliseconds. */
	get rows() {
		return this.#steps.map(({ name, histogram }) => ({
			name,
			times: histogram.count,
			p999: histogram.percentile(99.9) / 1e6,
			longest: histogram.max / 1e6,
		}));
	}
}
