import { hasSubscribers } from "node:diagnostics_channel";
import dns from "node:dns";
import { appendFileSync, readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { basename, dirname, join } from "node:path";
import tls from "node:tls";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import type { FunctionExamination, ProcessExamination } from "./examination";
import { placesOf } from "./function-places";

/*
 * Preloaded by `conntrace doctor` in place of the agent: loads that, looks at what it has hooked, and looks again at the
 * end of the process, when whatever else the program loads has come.
 */

/** Where instrumentation takes hold in Node.js. */
const OWNERS: Readonly<Record<string, object>> = {
	dns,
	"dns.promises": dns.promises,
	http,
	"http.Agent.prototype": http.Agent.prototype,
	"http.ClientRequest.prototype": http.ClientRequest.prototype,
	"http.IncomingMessage.prototype": http.IncomingMessage.prototype,
	https,
	"https.Agent.prototype": https.Agent.prototype,
	net,
	"net.Socket.prototype": net.Socket.prototype,
	tls,
	"tls.TLSSocket.prototype": tls.TLSSocket.prototype,
	process,
	"Object.getPrototypeOf(process)": Object.getPrototypeOf(process),
};

const AGENT = join(__dirname, "register.js");

type Places = ReadonlyMap<string, string>;

function lookAround(): Places {
	const functions = Object.entries(OWNERS).flatMap(([owner, object]) =>
		Object.entries(Object.getOwnPropertyDescriptors(object)).flatMap(
			([name, { value }]) =>
				typeof value === "function" && name !== "constructor"
					? [{ name: `${owner}.${name}`, value }]
					: [],
		),
	);
	functions.push({ name: "fetch", value: globalThis.fetch });
	const places = placesOf(functions.map(({ value }) => value));
	return new Map(
		functions.map(({ name }, index) => [name, fileOf(places[index] ?? "")]),
	);
}

function fileOf(url: string): string {
	return url.startsWith("file:") ? fileURLToPath(url) : url;
}

function isNodes(place: string): boolean {
	return place === "" || place.startsWith("node:");
}

/** Instrumentation by shimmer, OpenTelemetry's included, leaves the way to what it wraps. */
function leadsToAgent(name: string): boolean {
	const parts = name.split(".");
	const method = parts.pop() ?? "";
	let current = Object(OWNERS[parts.join(".")])[method]?.__original;
	for (let depth = 0; depth < 10 && typeof current === "function"; depth++) {
		if (placesOf([current]).map(fileOf)[0] === AGENT) return true;
		current = current.__original;
	}
	return false;
}

/** The package that a file belongs to, with its version and, of conntrace itself, the file. */
function ownerOf(file: string): string {
	for (
		let folder = dirname(file);
		folder !== dirname(folder);
		folder = dirname(folder)
	) {
		try {
			const { name, version } = JSON.parse(
				readFileSync(join(folder, "package.json"), "utf8"),
			);
			if (name === "conntrace") return `${name} ${version} (${file})`;
			if (name && version && /node_modules/.test(folder))
				return `${name} ${version}`;
		} catch {
			// Most folders have none.
		}
	}
	return file;
}

function examine(
	name: string,
	before: string,
	withAgent: string,
	now: string,
): FunctionExamination[] {
	if (now === AGENT) {
		const beneath = before !== AGENT && !isNodes(before);
		return [{ name, state: "hooked", ...(beneath && { by: ownerOf(before) }) }];
	}
	if (withAgent === AGENT) {
		const state = leadsToAgent(name) ? "wrapped" : "displaced";
		const by = isNodes(now) ? "Node.js itself" : ownerOf(now);
		return [{ name, state, by }];
	}
	return isNodes(now) ? [] : [{ name, state: "foreign", by: ownerOf(now) }];
}

const output = process.env.CONNTRACE_DOCTOR_FILE;
const before = lookAround();
require(AGENT);
const withAgent = lookAround();

if (isMainThread && output) {
	process.on("exit", () => {
		const now = lookAround();
		const examination: ProcessExamination = {
			pid: process.pid,
			program: process.argv[1] ? basename(process.argv[1]) : "-e",
			node: process.version,
			functions: [...now].flatMap(([name, place]) =>
				examine(name, before.get(name) ?? "", withAgent.get(name) ?? "", place),
			),
			undiciWatched: hasSubscribers("undici:request:create"),
		};
		appendFileSync(output, `${JSON.stringify(examination)}\n`);
	});
}
