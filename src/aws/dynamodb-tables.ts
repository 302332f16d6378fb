/** As many as a batch or a transaction may name. */
const MAX_TABLES = 100;

/**
 * The tables named in the body of a DynamoDB request. Nothing else of the body is looked at or kept. The body is
 * scanned, not parsed, since it may be large: an attribute value cannot look like a table name, for attribute values
 * are objects (`{"S": ...}`) and quotes inside strings are escaped.
 */
export function tableNames(body: string): string[] {
	const names: string[] = [];
	if (body.includes(REQUEST_ITEMS)) addRequestItems(names, body);
	// Looking for the plain text first is what keeps a large body cheap.
	let at = body.indexOf(TABLE_NAME);
	while (at >= 0 && names.length < MAX_TABLES) {
		const end = at + TABLE_NAME.length;
		addOnce(names, nameAt(body, end));
		at = body.indexOf(TABLE_NAME, end);
	}
	return names;
}

/** Most programs name the same table again and again: its name, and how that stands in the body. */
let lastName = "";
let lastText = "";

function nameAt(body: string, at: number): string | undefined {
	if (lastText !== "" && body.startsWith(lastText, at)) return lastName;
	VALUE.lastIndex = at;
	const name = VALUE.exec(body)?.[1];
	if (!name) return undefined;
	lastName = copyOf(name);
	lastText = `:"${lastName}"`;
	return lastName;
}

function addOnce(names: string[], name: string | undefined): void {
	if (name !== undefined && !names.includes(name)) names.push(name);
}

const REQUEST_ITEMS = '"RequestItems"';
const TABLE_NAME = '"TableName"';

/** A name or an ARN. */
const NAME = /^[\w.:/-]{1,1024}$/;
const VALUE = /\s*:\s*"([\w.:/-]{1,1024})"/y;

const START = /"RequestItems"\s*:\s*\{/;
const MARK = /["{}[\]]/g;
const COLON = /\s*:/y;

/** Adds the keys of `RequestItems`, the form of batch operations. */
function addRequestItems(names: string[], body: string): void {
	const start = START.exec(body);
	if (!start) return;
	let depth = 1;
	MARK.lastIndex = start.index + start[0].length;
	for (
		let mark = MARK.exec(body);
		mark && depth > 0 && names.length < MAX_TABLES;
		mark = MARK.exec(body)
	) {
		const [text] = mark;
		if (text === "{" || text === "[") depth += 1;
		else if (text === "}" || text === "]") depth -= 1;
		else {
			const end = endOfText(body, MARK.lastIndex);
			COLON.lastIndex = end + 1;
			if (depth === 1 && COLON.test(body)) {
				const key = body.slice(MARK.lastIndex, end);
				if (NAME.test(key)) addOnce(names, copyOf(key));
			}
			MARK.lastIndex = end + 1;
		}
	}
}

/** Where the text that begins here ends: at the first quote that is not escaped. */
function endOfText(body: string, begin: number): number {
	let end = body.indexOf('"', begin);
	while (end >= 0 && isEscaped(body, end)) end = body.indexOf('"', end + 1);
	return end < 0 ? body.length : end;
}

function isEscaped(body: string, at: number): boolean {
	let backslashes = 0;
	while (body[at - 1 - backslashes] === "\\") backslashes += 1;
	return backslashes % 2 === 1;
}

/** A part of a text would hold on to the whole of it. */
function copyOf(part: string): string {
	return JSON.parse(`"${part}"`);
}
