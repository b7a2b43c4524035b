import { configDefaults, defineConfig } from "vitest/config";

const test = { pool: "forks" as const, execArgv: ["--expose-gc"], testTimeout: 60_000 };
const built = "packages/mobilenet/test/**/*.built.test.ts";
// Tests run on the sources: package.json's `imports` (#files, #decode …) lead there under this condition.
const conditions = ["mobilenet-source", "node", "import", "default"];

export default defineConfig({
	test: {
		projects: [
			{
				resolve: { conditions },
				ssr: { resolve: { conditions } },
				test: {
					...test,
					name: "sources",
					include: ["packages/mobilenet/src/**/*.test.ts", "packages/mobilenet/test/**/*.test.ts"],
					exclude: [...configDefaults.exclude, built],
				},
			},
			// Those that start workers run on the built files, where the worker's file is.
			{ test: { ...test, name: "built", include: [built] } },
		],
	},
});
