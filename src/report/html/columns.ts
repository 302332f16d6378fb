/**
 * Records of one kind, column by column: a hundred thousand of them in a fraction of the size that a list of objects
 * would have, and still JSON.
 */
export interface Columns {
	readonly count: number;
	readonly columns: readonly Column[];
}

interface Column {
	readonly field: string;
	/** Which records have a value, in ascending order; all without it. */
	readonly at?: readonly number[];
	/** The different values of a column that is not of numbers; `values` are then places in here. */
	readonly distinct?: readonly unknown[];
	readonly values: readonly number[];
}

/** Numbers are kept to the thousandth; other values are anything that JSON can carry. */
export function toColumns<T extends object>(
	records: readonly T[],
	fields: readonly (keyof T & string)[],
): Columns {
	return {
		count: records.length,
		columns: fields.flatMap((field) => {
			const column = toColumn(
				field,
				records.map((record) => record[field]),
			);
			return column.values.length === 0 ? [] : [column];
		}),
	};
}

function toColumn(field: string, given: readonly unknown[]): Column {
	const at = given.flatMap((value, index) =>
		value === undefined ? [] : index,
	);
	const present = given.filter((value) => value !== undefined);
	return {
		field,
		...(at.length < given.length && { at }),
		...(present.every((value) => typeof value === "number")
			? { values: present.map(thousandth) }
			: places(present)),
	};
}

function thousandth(value: number): number {
	return Math.round(value * 1000) / 1000;
}

function places(
	given: readonly unknown[],
): Pick<Column, "distinct" | "values"> {
	const known = new Map<string, number>();
	const values = given.map((value) => {
		const key = JSON.stringify(value);
		const place = known.get(key) ?? known.size;
		known.set(key, place);
		return place;
	});
	return { distinct: [...known.keys()].map((key) => JSON.parse(key)), values };
}

export function fromColumns<T>({ count, columns }: Columns): T[] {
	const records = Array.from(
		{ length: count },
		() => ({}) as Record<string, unknown>,
	);
	for (const { field, at, distinct, values } of columns) {
		values.forEach((value, index) => {
			const record = records[at ? (at[index] as number) : index];
			if (record) record[field] = distinct ? distinct[value] : value;
		});
	}
	return records as T[];
}
