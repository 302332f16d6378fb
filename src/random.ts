import { randomInt } from "node:crypto";

const RANGE = 2 ** 48 - 1;

/** From 0 to less than 1. Not by `Math.random`, whose numbers a program may count on (`--random-seed`). */
export function random(): number {
	return randomInt(RANGE) / RANGE;
}
