const ids = new WeakMap<object, number>();
let count = 0;

/** A number for each agent, client or pool of the process, the same for the same object. */
export function agentIdOf(agent: object): number {
	const known = ids.get(agent);
	if (known !== undefined) return known;
	count += 1;
	ids.set(agent, count);
	return count;
}
