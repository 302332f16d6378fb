import { existsSync } from "node:fs";

/**
 * What a run is called: its program and the files among its arguments. Others may be secrets, and reports are passed on.
 */
export function titleOf([program = "", ...args]: readonly string[]): string {
	return [program, ...args.map((arg) => (existsSync(arg) ? arg : "…"))]
		.join(" ")
		.replace(/…( …)+/g, "…");
}
