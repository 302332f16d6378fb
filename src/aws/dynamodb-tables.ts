/**
 * The tables named in the body of a DynamoDB request. Nothing else of the body is looked at or kept. The body is
 * scanned, not parsed, since it may be large: an attribute value cannot look like a table name, for attribute values
 * are objects (`{"S": ...}`) and quotes inside strings are escaped.
 */
export function tableNames(body: string): string[] {
	const names = body.includes(REQUEST_ITEMS) ? [...requestItems(body)] : [];
	// Looking for the plain text first is what keeps a large body cheap.
	let at = body.indexOf(TABLE_NAME);
	while (at >= 0) {
		VALUE.lastIndex = at + TABLE_NAME.length;
		const name = VALUE.exec(body)?.[1];
		if (name && !names.includes(name)) names.push(name);
		at = body.indexOf(TABLE_NAME, VALUE.lastIndex || at + 1);
	}
	return names;
}

const REQUEST_ITEMS = '"RequestItems"';
const TABLE_NAME = '"TableName"';
const VALUE = /\s*:\s*"([\w.-]{1,255})"/y;

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
