/** An address without user information: `https://user:password@host/` is `https://host/`. Also of one in the path of another. */
export function withoutUser(url: string): string {
	return url.includes("@") ? url.replace(/(:\/{1,2})[^/?#]*@/g, "$1") : url;
}

/** A host as a program has named it: some write user information in front of it. */
export function hostWithoutUser(host: string): string {
	// Almost none has any, and to look for the first one costs a tenth of looking for the last.
	return host.includes("@") ? host.slice(host.lastIndexOf("@") + 1) : host;
}
