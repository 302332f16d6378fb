import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
	test: {
		include: ["test/**/*.test.ts"],
		exclude: [...configDefaults.exclude, "test/real/**"],
		testTimeout: 30_000,
		globalSetup: ["test/support/global-setup.ts"],
	},
});
