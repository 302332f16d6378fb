/** Builds the agent with a look at what it holds in memory, as a file to preload. */
export function buildCountedAgent(outfile: string): Promise<void>;
