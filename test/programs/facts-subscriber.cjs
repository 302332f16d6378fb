// Preloaded beside the agent: writes what the agent publishes, a line of JSON each, in the order in which it comes.
const { subscribe } = require("node:diagnostics_channel");

for (const kind of ["request", "connection"]) {
	subscribe(`conntrace:${kind}`, (facts) => {
		for (const [name, value] of Object.entries(facts))
			if (value === undefined) throw new Error(`${name} is told as undefined`);
		console.log(JSON.stringify({ [kind]: facts }));
	});
}
