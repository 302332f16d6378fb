import { spawnSync } from "node:child_process";
import { describe, expect, inject, it } from "vitest";
import { onPath } from "./on-path.js";

const jaeger = inject("jaeger") ?? "";
const collector = inject("collector") ?? "";
const promtool = onPath("promtool") ?? "";

function run(program: string, ...args: string[]) {
	const { status, stdout, stderr } = spawnSync(program, args, {
		encoding: "utf8",
	});
	return { status, said: stdout + stderr };
}

/** Each as it is, with the addresses and the storage that it is for; other tests start them with their own. */
describe("otel/scale", () => {
	for (const [program, roles] of [
		[jaeger, ["ingester", "query"]],
		[collector, ["gateway", "sampler"]],
	] as const) {
		it.skipIf(!program).each(roles)("%s.yaml is valid", (role) => {
			const file = `otel/scale/${role}.yaml`;
			expect(run(program, "validate", "--config", file)).toMatchObject({
				status: 0,
			});
			const wrong = `yaml:${JSON.stringify({ extensions: { unknown: {} } })}`;
			expect(
				run(program, "validate", "--config", file, "--config", wrong),
			).toMatchObject({
				status: 1,
				said: expect.stringContaining("unknown"),
			});
		});
	}

	it.skipIf(!promtool)("prometheus.yml is valid", () => {
		expect(
			run(promtool, "check", "config", "otel/scale/prometheus.yml"),
		).toMatchObject({ status: 0 });
	});
});
