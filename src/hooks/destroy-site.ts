import { withProperty } from "./temporary-property";

/** Functions of Node that destroy a socket because of what came, or stopped coming, from the peer. */
const PEER_FRAMES = new Set([
	"freeSocketOnReadGuard",
	"onStreamRead",
	"onReadableStreamEnd",
	"endReadableNT",
	"onConnectEnd",
]);

/** Enough to reach past Node's own frames to the first of the program. */
const FRAMES = 30;

/** In place of a function where no stack can be looked at. */
const UNSEEN = "a function that cannot be seen";

export interface DestroySite {
	/** The destroy call came out of the socket's read path. */
	readonly fromPeer: boolean;
	/** The function that called, for a detail. */
	readonly site: string;
}

/**
 * Looks at the call stack of a destroy call. Only done for an idle socket whose end nothing else explains.
 * The frames are read structured, past a program's own `Error.prepareStackTrace`. Checked on Node 20, 22, 24, 26.
 */
export function destroySite(): DestroySite {
	const frames = callSites();
	if (frames.length === 0) return { fromPeer: false, site: UNSEEN };
	const program = frames.findIndex(isProgram);
	const nodes = program < 0 ? frames : frames.slice(0, program);
	return {
		fromPeer: nodes.some((frame) =>
			PEER_FRAMES.has(frame.getFunctionName() ?? ""),
		),
		site: frames[program]?.getFunctionName() ?? "the program",
	};
}

function isProgram(frame: NodeJS.CallSite): boolean {
	const file = frame.getFileName();
	return Boolean(file) && !file?.startsWith("node:") && file !== __filename;
}

/** None where a program lets nobody change how stacks are made. */
function callSites(): NodeJS.CallSite[] {
	const asTheyAre = (_: Error, frames: NodeJS.CallSite[]) => frames;
	const stack: unknown = withProperty(
		Error,
		"prepareStackTrace",
		asTheyAre,
		() =>
			withProperty(Error, "stackTraceLimit", FRAMES, () => new Error().stack),
	);
	return Array.isArray(stack) ? stack : [];
}
