/** The idle limit that a server announces by `Keep-Alive: timeout=n`, in milliseconds. */
export function announcedIdleLimit(header: string): number | undefined {
	const timeout = /\btimeout=(\d+)/i.exec(header)?.[1];
	return timeout === undefined ? undefined : Number(timeout) * 1000;
}
