// The agent with a method that always throws: TEST_FAULTY names it, as `Class.method`.
import { ConnectionTracker } from "../../src/connections/tracker";
import { FreezeWatch } from "../../src/hooks/freeze";
import { SpanWriter } from "../../src/spans/writer";

const classes = { ConnectionTracker, FreezeWatch, SpanWriter };
const [name, method] = (process.env.TEST_FAULTY ?? "").split(".");
const { prototype } = classes[name as keyof typeof classes];
Object.defineProperty(prototype, method as string, {
	value: () => {
		throw new Error("a fault made by the test");
	},
});

require("../../src/register");
