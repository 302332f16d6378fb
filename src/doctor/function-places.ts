import inspector from "node:inspector";
import { fileURLToPath } from "node:url";

/** Where a function is defined. */
export interface FunctionPlace {
	/** The file or `node:` address of its script; empty where there is none. */
	readonly script: string;
	/** Line and column, which tell the functions of a script apart. */
	readonly position: string;
}

/** How deep a wrapper may lie in other wrappers, and how many functions are looked at on the way. */
const MAX_DEPTH = 5;
const MAX_FUNCTIONS = 500;

/** A value as the inspector hands it out. */
type Handle = inspector.Runtime.RemoteObject;

/** Of what is no function. */
export const NOWHERE: FunctionPlace = { script: "", position: "" };

/** Looks at functions by the inspector, which sees where they are defined and what they hold on to. */
export class FunctionViewer {
	private readonly session = new inspector.Session();
	private readonly scripts = new Map<string, string>();

	constructor() {
		this.session.connect();
		this.session.on("Debugger.scriptParsed", ({ params }) => {
			const { scriptId, url } = params;
			this.scripts.set(
				scriptId,
				url.startsWith("file:") ? fileURLToPath(url) : url,
			);
		});
		this.session.post("Debugger.enable");
	}

	close(): void {
		this.session.disconnect();
	}

	placeOf(value: unknown): FunctionPlace {
		if (typeof value !== "function") return NOWHERE;
		return this.placeIn(this.internals(this.handleOf(value)));
	}

	/** Whether a function holds on to the one defined at the place, as a wrapper does to what it wraps. */
	holds(value: unknown, wanted: FunctionPlace): boolean {
		let level = [this.handleOf(value)];
		let left = MAX_FUNCTIONS;
		for (let depth = 0; depth < MAX_DEPTH; depth++) {
			const next: Handle[] = [];
			for (const handle of level) {
				const internals = this.internals(handle);
				const { script, position } = this.placeIn(internals);
				if (script === wanted.script && position === wanted.position) {
					return true;
				}
				// What Node's functions hold on to wraps nothing, nor do others of the wanted script.
				if (script === wanted.script || script.startsWith("node:")) continue;
				left -= 1;
				if (left > 0) next.push(...this.heldBy(internals));
			}
			level = next;
		}
		return false;
	}

	/** The functions in the variables that a function uses from around it. */
	private heldBy(internals: ReadonlyMap<string, Handle>): Handle[] {
		return this.properties(internals.get("[[Scopes]]"))
			.filter(({ description = "" }) => !/^(Global|Script)/.test(description))
			.flatMap((scope) => this.properties(scope))
			.filter(({ type }) => type === "function");
	}

	private placeIn(internals: ReadonlyMap<string, Handle>): FunctionPlace {
		const location = internals.get("[[FunctionLocation]]")?.value;
		if (!location) return NOWHERE;
		return {
			script: this.scripts.get(location.scriptId) ?? "",
			position: `${location.lineNumber}:${location.columnNumber}`,
		};
	}

	private handleOf(value: unknown): Handle {
		Object.assign(globalThis, { [HANDLE]: value });
		let handle: Handle | undefined;
		this.session.post(
			"Runtime.evaluate",
			{ expression: `globalThis["${HANDLE}"]` },
			// A session answers within its `post`.
			(_, { result }) => {
				handle = result;
			},
		);
		Reflect.deleteProperty(globalThis, HANDLE);
		return handle ?? { type: "undefined" };
	}

	private internals(handle: Handle): ReadonlyMap<string, Handle> {
		const { internalProperties = [] } = this.look(handle);
		return new Map(
			internalProperties.flatMap(({ name, value }) =>
				value ? [[name, value]] : [],
			),
		);
	}

	private properties(handle: Handle | undefined): Handle[] {
		if (!handle) return [];
		return this.look(handle).result.flatMap(({ value }) =>
			value ? [value] : [],
		);
	}

	private look({
		objectId,
	}: Handle): inspector.Runtime.GetPropertiesReturnType {
		let seen: inspector.Runtime.GetPropertiesReturnType = { result: [] };
		if (objectId === undefined) return seen;
		this.session.post(
			"Runtime.getProperties",
			{ objectId, ownProperties: true },
			(_, answer) => {
				seen = answer;
			},
		);
		return seen;
	}
}

const HANDLE = "conntrace.doctor";
