const { setTimeout: sleep } = require("node:timers/promises");

/**
 * Calls a Lambda-style handler again and again, as a steady trickle of events would, and prints each response.
 *
 *   COUNT        how many times (default 10)
 *   INTERVAL_MS  milliseconds from the end of one call to the start of the next (default 1000)
 *
 * A call that fails is printed and the next one is made all the same; the exit status is then 1.
 */
async function invokeRepeatedly(handler) {
	const count = readNumber("COUNT", 10);
	const interval = readNumber("INTERVAL_MS", 1000);
	for (let call = 1; call <= count; call++) {
		const event = {
			body: JSON.stringify({ user_id: "ada", message: `post ${call}` }),
		};
		try {
			console.log(JSON.stringify(await handler(event)));
		} catch (error) {
			console.error(error);
			process.exitCode = 1;
		}
		if (call < count) await sleep(interval);
	}
}

function readNumber(name, byDefault) {
	const text = process.env[name] ?? "";
	if (text === "") return byDefault;
	if (!/^\d+$/.test(text)) {
		console.error(`${name} must be a whole number, got "${text}".`);
		process.exit(1);
	}
	return Number(text);
}

module.exports = { invokeRepeatedly };
