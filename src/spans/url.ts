/** `url.full` as the semantic conventions want it: no user information, query values replaced. */
export function redactUrl(url: string): string {
	if (!/[@#?]/.test(url)) return url;
	const withoutUser = url.replace(/^([a-z]+:\/\/)[^/?#]*@/i, "$1");
	const [beforeFragment = ""] = withoutUser.split("#", 1);
	const query = beforeFragment.indexOf("?");
	if (query < 0) return beforeFragment;
	return (
		beforeFragment.slice(0, query + 1) +
		beforeFragment.slice(query + 1).replace(/=[^&]*/g, "=REDACTED")
	);
}
