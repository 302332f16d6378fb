import { configDefaults, defineConfig } from "vitest/config";

/** The tests that need Go: `npm run test:real`. */
export default defineConfig({
	test: {
		include: ["test/real/**/*.test.ts"],
		exclude: configDefaults.exclude,
		globalSetup: ["test/support/global-setup.ts", "test/real/jaeger-binary.ts"],
	},
});
