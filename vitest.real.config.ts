import { configDefaults, defineConfig } from "vitest/config";

/** The tests that need more than Node and npm: `npm run test:real`. */
export default defineConfig({
	test: {
		include: ["test/real/**/*.test.ts"],
		exclude: configDefaults.exclude,
		testTimeout: 30_000,
		globalSetup: [
			"test/support/global-setup.ts",
			"test/real/go-binaries.ts",
			"test/real/kafka-jars.ts",
			"test/real/moto-server.ts",
			"test/real/dynamodb-local.ts",
			"test/real/prometheus-binary.ts",
			"test/real/chromium.ts",
			"test/real/jaeger-ui.ts",
		],
	},
});
