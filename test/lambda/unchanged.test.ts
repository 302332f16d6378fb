import { describe, expect } from "vitest";
import { invocationsOf, type Lambda, test } from "../support/lambda.js";
import type { FunctionOptions } from "../support/lambda-function.js";
import type { Outcome } from "../support/lambda-service.js";

/** Answers with everything that a handler can see of itself and of how it is called. */
const SEES = `
	const seen = (event, context, rest) => ({
		event,
		context: Object.fromEntries(Object.keys(context).sort().map((key) => [key, typeof context[key] === "function" ? "function" : context[key]])),
		left: context.getRemainingTimeInMillis() > 0,
		rest: rest.length,
		handler: process.env._HANDLER,
		traceId: process.env._X_AMZN_TRACE_ID,
		stack: new Error("here").stack.split("\\n").map((line) => line.replaceAll(__dirname, "")),
		globals: Object.keys(globalThis).sort(),
		listeners: process.eventNames().map(String).sort(),
		variables: Object.keys(process.env).filter((name) => name !== "NODE_OPTIONS").sort(),
	});
`;

interface Case extends FunctionOptions {
	readonly events?: readonly unknown[];
}

const ESM = `
	import { dirname } from "node:path"; import { fileURLToPath } from "node:url";
	const __dirname = dirname(fileURLToPath(import.meta.url));
	${SEES}`;

const CASES: Readonly<Record<string, Case>> = {
	"a CommonJS module": {
		files: {
			"index.js": `${SEES} exports.handler = async (event, context, ...rest) => seen(event, context, rest);`,
		},
	},
	"an ES module": {
		files: {
			"index.mjs": `${ESM} export const handler = async (event, context, ...rest) => seen(event, context, rest);`,
		},
	},
	"an ES module by its package": {
		files: {
			"package.json": '{"type":"module"}',
			"index.js": `${ESM} export const handler = async (event, context, ...rest) => seen(event, context, rest);`,
		},
	},
	"a module in a folder": {
		files: {
			"src/app.js": `${SEES} exports.run = async (event, context, ...rest) => seen(event, context, rest);`,
		},
		handler: "src/app.run",
	},
	"a handler inside an object": {
		files: {
			"app.js": `${SEES} exports.sub = { handler: async (event, context, ...rest) => seen(event, context, rest) };`,
		},
		handler: "app.sub.handler",
	},
	"a file without extension": {
		files: {
			app: `${SEES} exports.handler = async (event, context, ...rest) => seen(event, context, rest);`,
		},
		handler: "app.handler",
	},
	"a handler that throws": {
		files: {
			"index.js": `exports.handler = async () => {
				const error = new RangeError("too far", { cause: new Error("why") });
				error.code = 42;
				throw error;
			};`,
		},
	},
	"a handler that throws no error": {
		files: { "index.js": "exports.handler = () => { throw { code: 1 }; };" },
	},
	"a response that cannot be said": {
		files: {
			"index.js":
				"exports.handler = async () => { const a = {}; a.a = a; return a; };",
		},
	},
	"a handler that is not async": {
		files: { "index.js": "exports.handler = (event) => event.number + 1;" },
		events: [{ number: 1 }],
	},
	"a streaming handler": {
		files: {
			"index.js": `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
				stream.setContentType("text/plain");
				stream.write("one ");
				await new Promise(setImmediate);
				stream.write("two");
				stream.end();
			}, { highWaterMark: 64 });`,
		},
	},
	"a streaming handler that fails on its way": {
		files: {
			"index.js": `exports.handler = awslambda.streamifyResponse(async (event, stream) => {
				stream.write("one ");
				throw new TypeError("no two");
			});`,
		},
	},
	"a module that is missing": { files: {} },
	"a module that misses another": {
		files: { "index.js": 'require("not-there");' },
	},
	"a handler that is missing": { files: { "index.js": "exports.other = 1;" } },
	"a handler that is no function": {
		files: { "index.js": "exports.handler = 1;" },
	},
	"a handler's name that is none": { files: {}, handler: "nothing" },
	"a module with a fault in its syntax": {
		files: { "index.js": "exports.handler = (" },
	},
	"a module that throws": {
		files: { "index.js": 'throw new Error("at start");' },
	},
	"a callback": {
		files: {
			"index.js": "exports.handler = (event, context, callback) => callback();",
		},
	},
};

/** With the version 3 of the runtime client, which still calls back. */
const CALLBACK_CASES: Readonly<Record<string, Case>> = {
	"a callback, sent when the event loop is empty": {
		files: {
			"index.js": `exports.handler = (event, context, callback) => {
				setTimeout(() => console.log("still here"), 20);
				callback(null, exports.handler.length);
			};`,
		},
	},
	"a callback that does not wait": {
		files: {
			"index.js": `exports.handler = (event, context, callback) => {
				context.callbackWaitsForEmptyEventLoop = false;
				setInterval(() => {}, 1000);
				callback(null, "now");
			};`,
		},
	},
	"a callback with an error": {
		files: {
			"index.js":
				'exports.handler = (event, context, callback) => callback(new TypeError("no"));',
		},
	},
	"context.succeed": {
		files: {
			"index.js":
				'exports.handler = (event, context) => { context.succeed("done"); };',
		},
	},
	"an error that nobody catches": {
		files: {
			"index.js":
				'exports.handler = (event, context, callback) => { setTimeout(() => { throw new Error("late"); }); };',
		},
	},
	"a CommonJS module": CASES["a CommonJS module"] as Case,
	"an ES module": CASES["an ES module"] as Case,
	"a streaming handler": CASES["a streaming handler"] as Case,
	"a module that is missing": { files: {} },
	"a handler that is missing": { files: { "index.js": "exports.other = 1;" } },
};

for (const [client, cases] of [
	[4, CASES],
	[3, CALLBACK_CASES],
] as const) {
	describe.concurrent(`function and caller notice nothing, client ${client}`, () => {
		for (const [name, options] of Object.entries<Case>(cases)) {
			test(name, async ({ start }) => {
				const alone = await start({ ...options, client, wrapper: undefined });
				const traced = await start({ ...options, client });
				const told = await tell(traced, options);
				expect(told).toEqual(await tell(alone, options));
				expect(alone.service.spans).toEqual([]);
				expect(invocationsOf(traced.service.spans).length).toBe(
					told.outcomes.length,
				);
			});
		}
	});
}

/** Everything that Lambda and the people behind it hear of two invocations. */
async function tell(
	{ service, function: run }: Lambda,
	{ events = [{ n: 1 }, { n: 2 }] }: Case,
) {
	const neutral = (text: string) =>
		text
			.replaceAll(run.root, "<root>")
			.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>");
	const outcomes: Omit<Outcome, "duration">[] = [];
	for (const event of events) {
		const outcome = await Promise.race([
			service.invoke(event, {
				trace: "Root=1-5759e988-bd862e3fe1be46a994272793",
			}),
			run.ended,
		]);
		if (!outcome) break;
		const { duration, ...rest } = outcome;
		outcomes.push({ ...rest, body: neutral(rest.body) });
		await Promise.race([service.whenIdle(), run.ended]);
	}
	return {
		outcomes,
		initErrors: service.initErrors.map(neutral),
		exitCode: run.process.exitCode,
		output: neutral(run.output()),
	};
}
