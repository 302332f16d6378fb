import { hasSubscribers } from "node:diagnostics_channel";
import dns from "node:dns";
import { appendFileSync, readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import { basename, dirname, join } from "node:path";
import tls from "node:tls";
import { isMainThread } from "node:worker_threads";
import type { FunctionExamination, ProcessExamination } from "./examination";
import { type FunctionPlace, FunctionViewer, NOWHERE } from "./function-places";

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

interface Seen extends FunctionPlace {
	readonly value: unknown;
}

function isNodes({ script }: FunctionPlace): boolean {
	return script === "" || script.startsWith("node:");
}

/** The functions as they are now, by the names by which a program reaches them. */
function lookAround(viewer: FunctionViewer): Map<string, Seen> {
	const functions = new Map<string, Seen>();
	const add = (name: string, value: unknown): void => {
		functions.set(name, { value, ...viewer.placeOf(value) });
	};
	for (const [owner, object] of Object.entries(OWNERS)) {
		const properties = Object.getOwnPropertyDescriptors(object);
		for (const [name, { value }] of Object.entries(properties)) {
			if (typeof value === "function" && name !== "constructor") {
				add(`${owner}.${name}`, value);
			}
		}
	}
	add("fetch", globalThis.fetch);
	return functions;
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
	now: Seen,
	viewer: FunctionViewer,
): FunctionExamination[] {
	const first = before.get(name) ?? NOWHERE;
	const hook = withAgent.get(name) ?? NOWHERE;
	const by = isNodes(now) ? "Node.js itself" : ownerOf(now.script);
	if (now.script === AGENT) {
		const beneath = first.script !== AGENT && !isNodes(first);
		return [
			{
				name,
				state: "hooked",
				...(beneath && { by: ownerOf(first.script) }),
			},
		];
	}
	if (hook.script === AGENT) {
		const leads = viewer.holds(now.value, hook);
		return [{ name, state: leads ? "wrapped" : "displaced", by }];
	}
	return isNodes(now) ? [] : [{ name, state: "foreign", by }];
}

function placesNow(): ReadonlyMap<string, FunctionPlace> {
	const viewer = new FunctionViewer();
	const places = new Map<string, FunctionPlace>();
	for (const [name, { script, position }] of lookAround(viewer)) {
		places.set(name, { script, position });
	}
	viewer.close();
	return places;
}

const output = process.env.CONNTRACE_DOCTOR_FILE;
const before = placesNow();
require(AGENT);
const withAgent = placesNow();

if (isMainThread && output) {
	process.on("exit", () => {
		const viewer = new FunctionViewer();
		const examination: ProcessExamination = {
			pid: process.pid,
			program: process.argv[1] ? basename(process.argv[1]) : "-e",
			node: process.version,
			functions: [...lookAround(viewer)].flatMap(([name, now]) =>
				examine(name, now, viewer),
			),
			undiciWatched: hasSubscribers("undici:request:create"),
		};
		viewer.close();
		appendFileSync(output, `${JSON.stringify(examination)}\n`);
	});
}
