import {
	closeSync,
	fstatSync,
	ftruncateSync,
	openSync,
	writeSync,
} from "node:fs";

/** Bytes were not appended to a file. */
export interface AppendFailure {
	readonly error: NodeJS.ErrnoException;
	/** A part of them stands there: somebody else has written since, or the file cannot be cut. */
	readonly torn: boolean;
}

/** Appends bytes to a file, at once and by the calling thread: all of them or, where that can be done, none. */
export function appendWhole(
	path: string,
	bytes: Uint8Array,
): AppendFailure | undefined {
	let file: number | undefined;
	let before = 0;
	let written = 0;
	try {
		file = openSync(path, "a");
		before = fstatSync(file).size;
		while (written < bytes.length) written += writeSync(file, bytes, written);
		return undefined;
	} catch (error) {
		const torn =
			file !== undefined && written > 0 && !takeBack(file, before, written);
		return { error: error as NodeJS.ErrnoException, torn };
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

/** @returns false if something else stands behind what was there before */
function takeBack(file: number, before: number, written: number): boolean {
	try {
		if (fstatSync(file).size !== before + written) return false;
		ftruncateSync(file, before);
		return true;
	} catch {
		return false;
	}
}
