/**
 * Files that the frameworks themselves write of networks as people make them, read by this package and compared with what
 * their own runtimes answer.
 *
 *   npm run formats:study [-- FOLDER] [--write]
 *
 * What is not in the folder yet is made there first: two Python environments (requirements-*.txt, 8 GB), and the files
 * (1 GB; ten minutes). Without a folder it is one of the system's temporary ones. Prints the tables of
 * docs/formats-study.md, and writes them into the page with --write.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadOptions } from "../../../src/model/options.ts";
import { answer, sentenceOf, shownDifference, type Tolerance } from "../../formats/answers.ts";
import { missing, shared } from "../../support/shared-paths.ts";

/** Each is run once, in its environment: what it writes is in its own words. */
const makers = [
	{ script: "make_keras.py", environment: "tensorflow", variables: { KERAS: "2" } },
	{ script: "make_keras.py", environment: "tensorflow", variables: { KERAS: "3" } },
	{ script: "make_tensorflow.py", environment: "tensorflow", variables: {} },
	{ script: "make_graphs.py", environment: "tensorflow", variables: { TF_USE_LEGACY_KERAS: "1" } },
	{ script: "make_tensorflowjs.py", environment: "tensorflow", variables: { TF_USE_LEGACY_KERAS: "1" } },
	{ script: "make_pytorch.py", environment: "pytorch", variables: {} },
] as const;

/** What is installed in an environment: the files of requirements, and those whose own requirements are left out. */
const requirements = {
	tensorflow: [["requirements-tensorflow.txt"], ["requirements-tensorflowjs.txt", "--no-deps"]],
	pytorch: [["requirements-pytorch.txt"]],
} as const;

/** What a maker says of the files of one exporter. */
interface Kind {
	readonly kind: string;
	/** What gave the answers. */
	readonly runtime: string;
	readonly files: readonly StudyFile[];
}

type StudyFile =
	| { readonly file: string; readonly unwritten: string }
	| {
			readonly file: string;
			readonly unwritten?: undefined;
			/** Names of photographs. */
			readonly asked: readonly string[];
			readonly outputs: readonly (readonly number[])[];
			readonly options: LoadOptions;
			/** From one code of the output to the next, where they are integers. */
			readonly scale?: number;
	  };

/** golden/README.md: float16 1e-3. All else is 1e-4 for floats, and 1 code for integers. */
const tolerances: Readonly<Record<string, { readonly tolerance: Tolerance }>> = {
	"tflite-float16": { tolerance: { apart: 1e-3 } },
};

const photographs = "data/photos";
if (missing([photographs]) !== undefined) {
	console.error(`../shared/${photographs} is not beside the project: there is nothing to ask the networks.`);
	process.exit(2);
}
const here = fileURLToPath(new URL(".", import.meta.url));
const words = process.argv.slice(2);
const folder = words.find((word) => !word.startsWith("--")) ?? join(tmpdir(), "mobilenet-formats-study");
mkdirSync(folder, { recursive: true });
for (const maker of makers) make(maker);

const lines: string[] = [];
const print = (line: string): void => {
	lines.push(line);
	console.log(line);
};
const wrong: string[] = [];
print("| kind | answers by | files | equal | largest difference |\n|---|---|---|---|---|");
for (const kind of kinds()) await report(kind);
if (wrong.length > 0) print(`\n| not equal | what was found |\n|---|---|\n${wrong.join("\n")}`);
if (words.includes("--write")) {
	const page = new URL("../../../../../docs/formats-study.md", import.meta.url);
	const table = /(<!-- npm run formats:study -->\n)[\s\S]*?(<!-- end -->)/;
	const text = readFileSync(page, "utf8");
	writeFileSync(
		page,
		text.replace(table, (_, before, after) => `${before}${lines.join("\n")}\n${after}`),
	);
}
if (wrong.length > 0) process.exitCode = 1;

function make({ script, environment, variables }: (typeof makers)[number]): void {
	const name = [script.replace(".py", ""), ...Object.values(variables)].join("-");
	const done = join(folder, `${name}.done`);
	if (existsSync(done)) return;
	const python = join(folder, `python-${environment}`);
	if (!existsSync(python)) {
		console.error(`making ${python}`);
		execFileSync("python3", ["-m", "venv", python], { stdio: "inherit" });
		for (const [file, ...options] of requirements[environment]) {
			const pip = ["-m", "pip", "install", "--quiet", "-r", join(here, file), ...options];
			execFileSync(join(python, "bin/python"), pip, { stdio: "inherit" });
		}
	}
	console.error(`running ${script} ${JSON.stringify(variables)}`);
	execFileSync(join(python, "bin/python"), [join(here, script), folder, shared(photographs)], {
		stdio: ["ignore", "ignore", "pipe"],
		maxBuffer: 2 ** 28,
		env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3", PYTHONDONTWRITEBYTECODE: "1", ...variables },
	});
	writeFileSync(done, "");
}

function kinds(): readonly Kind[] {
	return readdirSync(folder)
		.filter((name) => name.endsWith(".json"))
		.toSorted()
		.map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Kind);
}

async function report({ kind, runtime, files }: Kind): Promise<void> {
	const largest = { numbers: 0, codes: 0 };
	let equal = 0;
	for (const file of files) {
		if (file.unwritten !== undefined) {
			wrong.push(`| ${file.file} | its exporter could not write it: ${file.unwritten} |`);
			continue;
		}
		const { asked, outputs, options, scale } = file;
		try {
			const answered = await answer({
				path: join(folder, file.file),
				input: asked.map((name) => shared(`${photographs}/${name}`)),
				expected: outputs.map((row) => new Map(row.entries())),
				outputs: outputs[0]!.length,
				options,
				integer: scale !== undefined,
				...(scale !== undefined && { step: scale }),
				...tolerances[kind],
			});
			const unit = answered.unit === "codes" ? "codes" : "numbers";
			largest[unit] = Math.max(largest[unit], answered.largest);
			if (answered.right) equal++;
			else wrong.push(`| ${file.file} | ${shownDifference(answered)} |`);
		} catch (error) {
			wrong.push(`| ${file.file} | ${sentenceOf(error, file.file)} |`);
		}
	}
	const shown = [
		...(largest.numbers > 0 ? [largest.numbers.toExponential(1)] : []),
		...(largest.codes > 0 || largest.numbers === 0 ? [`${largest.codes} codes`] : []),
	];
	print(`| ${kind} | ${runtime} | ${files.length} | ${equal} | ${equal > 0 ? shown.join(", ") : ""} |`);
}
