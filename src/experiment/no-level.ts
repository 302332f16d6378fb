/** Stands in for the package `level`, which dynalite loads and uses only to keep tables on disk. */
export class Level {
	constructor() {
		throw new Error("the embedded DynamoDB keeps its tables in memory");
	}
}
