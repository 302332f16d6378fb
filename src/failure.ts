/** The command cannot go on; the message is for the person who runs it. */
export class Failure extends Error {
	override name = "Failure";
}

/** Runs a step of a command; its failure says what could not be done and why. */
export async function attempt<T>(
	step: string,
	action: () => Promise<T>,
): Promise<T> {
	try {
		return await action();
	} catch (error) {
		throw new Failure(`Could not ${step}: ${(error as Error).message}`, {
			cause: error,
		});
	}
}
