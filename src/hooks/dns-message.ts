import { isIPv6 } from "node:net";

/** DNS messages as RFC 1035, section 4, has them. */

const HEADER_LENGTH = 12;
const RECURSION_DESIRED = 0x0100;
const RESPONSE = 0x8000;
const CODE = 0x000f;
const INTERNET = 1;
const A = 1;
const AAAA = 28;
/** Type and class of a question; of a record also its time to live and its length. */
const QUESTION_LENGTH = 4;
const RECORD_LENGTH = 10;
/** The two highest bits of a length say that the rest of the name stands elsewhere. */
const POINTER = 0xc0;

/** Asks for addresses of the family of this one. */
export function encodeQuery(
	id: number,
	name: string,
	address: string,
): Buffer | undefined {
	const labels = name.replace(/\.$/, "").split(".");
	const names = labels.map((label) => Buffer.from(label, "latin1"));
	if (names.some(({ length }) => length === 0 || length > 63)) return undefined;
	const header = Buffer.alloc(HEADER_LENGTH);
	header.writeUInt16BE(id, 0);
	header.writeUInt16BE(RECURSION_DESIRED, 2);
	header.writeUInt16BE(1, 4);
	const question = Buffer.alloc(1 + QUESTION_LENGTH);
	question.writeUInt16BE(isIPv6(address) ? AAAA : A, 1);
	question.writeUInt16BE(INTERNET, 3);
	return Buffer.concat([
		header,
		...names.flatMap((label) => [Buffer.of(label.length), label]),
		question,
	]);
}

/** Whether the message answers the query with this id. */
export function answers(message: Buffer, id: number): boolean {
	return (
		message.length >= HEADER_LENGTH &&
		message.readUInt16BE(0) === id &&
		(message.readUInt16BE(2) & RESPONSE) !== 0
	);
}

/**
 * For how many seconds all records of an answer hold.
 * @returns nothing for an answer without an address, or one that cannot be read
 */
export function readTimeToLive(message: Buffer): number | undefined {
	if ((message.readUInt16BE(2) & CODE) !== 0) return undefined;
	const questions = message.readUInt16BE(4);
	const records = message.readUInt16BE(6);
	let offset = HEADER_LENGTH;
	for (let question = 0; question < questions; question++) {
		offset = afterName(message, offset) + QUESTION_LENGTH;
	}
	let shortest = Number.POSITIVE_INFINITY;
	let addresses = 0;
	for (let record = 0; record < records; record++) {
		offset = afterName(message, offset);
		if (offset + RECORD_LENGTH > message.length) return undefined;
		const type = message.readUInt16BE(offset);
		if (type === A || type === AAAA) addresses += 1;
		shortest = Math.min(shortest, message.readUInt32BE(offset + 4));
		offset += RECORD_LENGTH + message.readUInt16BE(offset + 8);
	}
	return addresses > 0 ? shortest : undefined;
}

function afterName(message: Buffer, start: number): number {
	let offset = start;
	for (;;) {
		const length = message[offset];
		if (length === undefined) return offset;
		if (length >= POINTER) return offset + 2;
		offset += 1 + length;
		if (length === 0) return offset;
	}
}
