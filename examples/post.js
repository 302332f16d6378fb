const { randomUUID } = require("node:crypto");

/** The event cannot be used; the message says what was wrong and what is expected. */
class BadRequest extends Error {}

/**
 * Reads the post out of a Lambda event whose body is JSON with `user_id` and `message`.
 * Throws a BadRequest for any other event.
 */
function readPost(event) {
	const body = parseBody(event?.body);
	return {
		userId: requireText(body, "user_id"),
		postId: randomUUID(),
		message: requireText(body, "message"),
	};
}

function parseBody(text) {
	if (typeof text !== "string") {
		throw new BadRequest(
			`The event's body must be a JSON text with "user_id" and "message", got ${kindOf(text)}.`,
		);
	}
	let body;
	try {
		body = JSON.parse(text);
	} catch (error) {
		throw new BadRequest(`The event's body is not JSON: ${error.message}`);
	}
	if (kindOf(body) !== "an object") {
		throw new BadRequest(
			`The event's body must be a JSON object with "user_id" and "message", got ${kindOf(body)}.`,
		);
	}
	return body;
}

function requireText(body, name) {
	const value = body[name];
	if (typeof value !== "string") {
		throw new BadRequest(
			`"${name}" in the event's body must be a string, got ${kindOf(value)}.`,
		);
	}
	if (value === "") {
		throw new BadRequest(
			`"${name}" in the event's body must be a string that is not empty.`,
		);
	}
	return value;
}

function kindOf(value) {
	if (value === undefined) return "nothing";
	if (value === null) return "null";
	if (Array.isArray(value)) return "an array";
	return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

module.exports = { readPost, BadRequest };
