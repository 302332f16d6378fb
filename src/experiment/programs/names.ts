// Preloaded before the agent: names under `localhost` mean this machine, and every name takes its time to be resolved,
// as over a network. DNS_DELAY_VARIABLE says how long, in milliseconds.
import dns from "node:dns";
import { DNS_DELAY_VARIABLE } from "../settings";

const delay = Number(process.env[DNS_DELAY_VARIABLE] ?? 0);
const { lookup } = dns;

dns.lookup = function (this: unknown, name: string, ...rest: unknown[]) {
	const known = name.endsWith(".localhost") ? "localhost" : name;
	const resolve = () => Reflect.apply(lookup, this, [known, ...rest]);
	if (delay > 0) setTimeout(resolve, delay);
	else resolve();
} as typeof lookup;
