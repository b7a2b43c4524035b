import { defineConfig } from "vitest/config";

// Tests run on the sources: package.json's `imports` (#files, #decode) lead there under this condition.
const conditions = ["mobilenet-source", "node", "import", "default"];

export default defineConfig({
	resolve: { conditions },
	ssr: { resolve: { conditions } },
	test: {
		include: ["packages/mobilenet/src/**/*.test.ts", "packages/mobilenet/test/**/*.test.ts"],
		pool: "forks",
		execArgv: ["--expose-gc"],
		testTimeout: 60_000,
	},
});
