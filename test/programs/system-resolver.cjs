// In place of the system's resolver: names under .test are asked of the server named by SYSTEM_DNS_SERVER.
const dns = require("node:dns");

const system = new dns.Resolver();
system.setServers([process.env.SYSTEM_DNS_SERVER]);
const { lookup } = dns;

dns.lookup = function lookupByTest(name, options, callback) {
	if (!name.endsWith(".test")) return lookup(name, options, callback);
	system.resolve4(name, (error, addresses) => {
		if (error) {
			error.message = `getaddrinfo ENOTFOUND ${name}`;
			callback(error);
		} else if (options.all)
			callback(
				null,
				addresses.map((address) => ({ address, family: 4 })),
			);
		else callback(null, addresses[0], 4);
	});
	return {};
};
Object.defineProperty(dns.lookup, "name", { value: "lookup" });

dns.setServers([process.env.DNS_SERVER]);
