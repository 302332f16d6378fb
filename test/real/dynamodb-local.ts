import type { TestProject } from "vitest/node";

declare module "vitest" {
	export interface ProvidedContext {
		/** Address of a running DynamoDB Local; absent where none is named. */
		dynamodbLocal: string | undefined;
	}
}

/** Takes the DynamoDB Local that CONNTRACE_DYNAMODB_LOCAL names; none is downloaded, as its terms are the user's to accept. */
export default function setup({ provide }: TestProject): void {
	const address = process.env.CONNTRACE_DYNAMODB_LOCAL;
	if (!address) {
		console.log(
			"SKIPPED: tests with Amazon's DynamoDB Local: CONNTRACE_DYNAMODB_LOCAL names none (docker compose up -d dynamodb, then http://localhost:8000)",
		);
	}
	provide("dynamodbLocal", address || undefined);
}
