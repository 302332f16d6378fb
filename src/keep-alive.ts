/** Servers announce the same with every response. */
let lastHeader = "";
let lastLimit: number | undefined;

/** The idle limit that a server announces by `Keep-Alive: timeout=n`, in milliseconds. */
export function announcedIdleLimit(header: string): number | undefined {
	if (header === lastHeader) return lastLimit;
	const timeout = /\btimeout=(\d+)/i.exec(header)?.[1];
	lastHeader = header;
	lastLimit = timeout === undefined ? undefined : Number(timeout) * 1000;
	return lastLimit;
}
