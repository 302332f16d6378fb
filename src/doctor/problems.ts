import type { TrialOutcome } from "./diagnosis";
import type { EndpointAnswer } from "./endpoint";
import type { FunctionExamination, ProcessExamination } from "./examination";
import { TRIAL_EXPECTED } from "./trial";

/** What is wrong with a process. */
export function processProblems({
	program,
	pid,
	functions,
	undiciWatched,
}: ProcessExamination): string[] {
	const where = `${program} (process ${pid})`;
	const problems: string[] = [];
	const copies = otherCopies(functions);
	const observes = functions.some(({ state }) => state !== "foreign");
	if (!observes && copies.size === 0) {
		problems.push(`${where}: the agent is not there`);
	} else if (!undiciWatched) {
		problems.push(`${where}: fetch and undici are not watched`);
	}
	for (const [by, names] of byOwner(functions, "displaced")) {
		problems.push(
			`${where}: ${by} has taken the place of ${names.join(", ")}; load conntrace after it, or remove it`,
		);
	}
	// Of two copies that know each other the first observes, and the other stands back.
	const effect = observes
		? "requests are traced twice"
		: "it traces in place of this one";
	for (const copy of copies) {
		problems.push(
			`${where}: a second copy of conntrace is loaded, ${copy}; ${effect}`,
		);
	}
	return problems;
}

/** The names of functions in a state, by who else is there. */
export function byOwner(
	functions: readonly FunctionExamination[],
	wanted: FunctionExamination["state"],
): Map<string, string[]> {
	const owners = new Map<string, string[]>();
	for (const { name, state, by } of functions) {
		if (state !== wanted || by === undefined) continue;
		owners.set(by, [...(owners.get(by) ?? []), name]);
	}
	return owners;
}

function otherCopies(functions: readonly FunctionExamination[]): Set<string> {
	return new Set(
		functions.flatMap(({ by }) => (by?.startsWith("conntrace ") ? [by] : [])),
	);
}

export function endpointProblem({
	url,
	accepted,
	answer,
}: EndpointAnswer): string[] {
	return accepted ? [] : [`the collector ${url} takes no spans: ${answer}`];
}

export function trialProblems(outcome: TrialOutcome): string[] {
	return Object.entries(TRIAL_EXPECTED).flatMap(([way, { uses }]) => {
		const seen = outcome[way] ?? [];
		return seen.join() === uses.join()
			? []
			: [
					`requests by ${way} on the loopback interface: expected ${uses.join(", ")}, traced ${seen.join(", ") || "nothing"}`,
				];
	});
}
