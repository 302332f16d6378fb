import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { SETTINGS_VARIABLE, type Settings, STOPPING } from "../settings";

/** A post, as the handler puts it. */
export interface Post {
	readonly userId: string;
	readonly postId: string;
	readonly message: string;
}

export function readSettings(): Settings {
	const text = process.env[SETTINGS_VARIABLE];
	if (text === undefined) throw new Error(`${SETTINGS_VARIABLE} is not set`);
	return JSON.parse(text);
}

/** Calls a handler at a steady rate; one that fails ends the program with status 1 in the end. */
export async function invokeSteadily(
	{ calls, pause, endpoints, stops }: Settings,
	handler: (post: Post, endpoint: string) => Promise<unknown>,
): Promise<void> {
	for (let call = 0; call < calls; call++) {
		const endpoint = endpoints[call % endpoints.length] ?? "";
		const post = {
			userId: "ada",
			postId: randomUUID(),
			message: `post ${call + 1}`,
		};
		if (stops && call === Math.floor(calls / 2)) stop();
		try {
			await handler(post, endpoint);
		} catch (error) {
			console.error(error);
			process.exitCode = 1;
		}
		if (call + 1 < calls) await sleep(pause);
	}
}

/** Nothing that arrives meanwhile is heard of before what comes next. */
function stop(): void {
	console.log(STOPPING);
	process.kill(process.pid, "SIGSTOP");
}
