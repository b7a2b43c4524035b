import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const test = { pool: "forks" as const, execArgv: ["--expose-gc"], testTimeout: 60_000 };
// Tests run on the sources: package.json's `imports` (#files, #decode …) lead there under this condition.
const conditions = ["mobilenet-source", "node", "import", "default"];
const sources = { resolve: { conditions }, ssr: { resolve: { conditions } } };

const built = "packages/mobilenet/test/**/*.built.test.ts";
/** The rooms below the kernels: what is computed there depends on nothing that a test could leave in its process. */
const units = "packages/mobilenet/src/{base,network,weights,labels,image,formats}/**/*.test.ts";

/** What takes longest begins first: last, it would keep one core busy while the others wait. */
const longest = [
	"fuzz/",
	"kernels/self-test",
	"golden/",
	"cli/",
	"threads.built",
	"browser/",
	"training/",
	"quantization/",
];

class LongestFirst extends BaseSequencer {
	override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
		const placeOf = ({ moduleId }: TestSpecification): number => {
			const place = longest.findIndex((part) => moduleId.includes(part));
			return place < 0 ? longest.length : place;
		};
		return files.toSorted((a, b) => placeOf(a) - placeOf(b));
	}
}

export default defineConfig({
	test: {
		// Unless told, Vitest leaves one core to itself: half of them, where there are two.
		maxWorkers: "100%",
		sequence: { sequencer: LongestFirst },
		projects: [
			{
				...sources,
				test: {
					...test,
					name: "sources",
					include: ["packages/mobilenet/src/**/*.test.ts", "packages/mobilenet/test/**/*.test.ts"],
					exclude: [...configDefaults.exclude, built, units],
				},
			},
			// They share processes: to start one for each would take longer than most of them.
			{ ...sources, test: { ...test, name: "units", include: [units], isolate: false } },
			// Those that start workers run on the built files, where the worker's file is.
			{ test: { ...test, name: "built", include: [built] } },
		],
	},
});
