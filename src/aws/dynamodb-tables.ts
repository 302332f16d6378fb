/**
 * The tables named in the body of a DynamoDB request. Nothing else of the body is looked at or kept. The body is
 * scanned, not parsed, since it may be large: an attribute value cannot look like a table name, for attribute values
 * are objects (`{"S": ...}`) and quotes inside strings are escaped.
 */
export function tableNames(body: string): readonly string[] {
	const names = new Set<string>();
	for (const match of body.matchAll(/"TableName"\s*:\s*"([\w.-]{1,255})"/g)) {
		if (match[1]) names.add(match[1]);
	}
	for (const name of requestItems(body)) names.add(name);
	return [...names];
}

/** The keys of `RequestItems`, the form of batch operations. */
function* requestItems(body: string): Generator<string> {
	const start = /"RequestItems"\s*:\s*\{/.exec(body);
	if (!start) return;
	let depth = 1;
	const tokens = /"((?:[^"\\]|\\.)*)"(\s*:)?|[{}[\]]/g;
	tokens.lastIndex = start.index + start[0].length;
	for (let token = tokens.exec(body); token; token = tokens.exec(body)) {
		const [text, key, colon] = token;
		if (text === "{" || text === "[") depth += 1;
		else if (text === "}" || text === "]") depth -= 1;
		else if (depth === 1 && colon && key) yield key;
		if (depth === 0) return;
	}
}
