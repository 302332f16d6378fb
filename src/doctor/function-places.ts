import inspector from "node:inspector";

/** Where functions are defined: the file or `node:` address of the script of each, empty where there is none. */
export function placesOf(functions: readonly object[]): string[] {
	const session = new inspector.Session();
	session.connect();
	const scripts = new Map<string, string>();
	session.on("Debugger.scriptParsed", ({ params }) => {
		scripts.set(params.scriptId, params.url);
	});
	try {
		session.post("Debugger.enable");
		return functions.map((one) => {
			const id = objectId(session, one);
			return id === undefined
				? ""
				: (scripts.get(scriptId(session, id) ?? "") ?? "");
		});
	} finally {
		session.disconnect();
	}
}

const HANDLE = "conntrace.doctor";

/** A session answers within its `post`. */
function objectId(
	session: inspector.Session,
	value: object,
): string | undefined {
	Object.assign(globalThis, { [HANDLE]: value });
	let id: string | undefined;
	session.post(
		"Runtime.evaluate",
		{ expression: `globalThis["${HANDLE}"]` },
		(_, answer) => {
			id = answer.result.objectId;
		},
	);
	Reflect.deleteProperty(globalThis, HANDLE);
	return id;
}

function scriptId(
	session: inspector.Session,
	objectId: string,
): string | undefined {
	let id: string | undefined;
	session.post(
		"Runtime.getProperties",
		{ objectId, ownProperties: true },
		(_, answer) => {
			const location = answer.internalProperties?.find(
				({ name }) => name === "[[FunctionLocation]]",
			);
			id = location?.value?.value?.scriptId;
		},
	);
	return id;
}
