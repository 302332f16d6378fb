// Gets a path twice, one after the other, by a client of others: client.mjs NAME ORIGIN
const CLIENTS = {
	axios: async () => {
		const { default: axios } = await import("axios");
		return (url) => axios.get(url);
	},
	got: async () => {
		const { got } = await import("got");
		return (url) => got(url).text();
	},
	"node-fetch": async () => {
		const { default: fetch } = await import("node-fetch");
		return async (url) => (await fetch(url)).text();
	},
	superagent: async () => {
		const { default: superagent } = await import("superagent");
		return (url) => superagent.get(url);
	},
};

const [, , name, origin] = process.argv;
const get = await CLIENTS[name]();
for (const path of ["/first", "/second"]) {
	await get(origin + path);
	// The agent takes the connection back a moment after the response is over.
	await new Promise(setImmediate);
}
