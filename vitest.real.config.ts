import { configDefaults, defineConfig } from "vitest/config";

/** The tests that need Go or Chromium: `npm run test:real`. */
export default defineConfig({
	test: {
		include: ["test/real/**/*.test.ts"],
		exclude: configDefaults.exclude,
		testTimeout: 30_000,
		globalSetup: [
			"test/support/global-setup.ts",
			"test/real/jaeger-binary.ts",
			"test/real/chromium.ts",
		],
	},
});
