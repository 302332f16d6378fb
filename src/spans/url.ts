import { withoutUser } from "../user-information";

/**
 * `url.full` as the semantic conventions want it: no user information, values of the query replaced, and those of
 * parameters in the path (`;jsessionid=`).
 */
export function redactUrl(url: string): string {
	if (url !== lastUrl) {
		lastRedacted = redact(url);
		lastUrl = url;
	}
	return lastRedacted;
}

/** Programs ask for the same URL again and again. */
let lastUrl = "";
let lastRedacted = "";

function redact(url: string): string {
	if (!/[@#?;]/.test(url)) return url;
	const [beforeFragment = ""] = withoutUser(url).split("#", 1);
	const query = beforeFragment.indexOf("?");
	if (query < 0) return redactPath(beforeFragment);
	return (
		redactPath(beforeFragment.slice(0, query + 1)) +
		beforeFragment.slice(query + 1).replace(/[^&]+/g, redactParameter)
	);
}

function redactPath(path: string): string {
	return path.includes(";")
		? path.replace(/;([^;/?=]*)=[^;/?]*/g, ";$1=REDACTED")
		: path;
}

/** What stands alone, or is longer than names are, may be a value. */
const FLAG = /^[\w.-]{1,20}$/;
const MAX_NAME = 64;

function redactParameter(parameter: string): string {
	const end = parameter.indexOf("=");
	if (end < 0) return FLAG.test(parameter) ? parameter : "REDACTED";
	return end > MAX_NAME ? "REDACTED" : `${parameter.slice(0, end)}=REDACTED`;
}
