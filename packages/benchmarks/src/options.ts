/** The command line of `npm run bench`. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import type { Precision } from "./protocol.ts";
import { type RuntimeName, runtimeNames } from "./runtimes/table.ts";
import { type TrainerName, trainerNames } from "./training/table.ts";
import { UsageError } from "./usage-error.ts";

/** Pictures per training step. */
const trainingBatch = 32;

/** Benchmarks that are selected by a flag. Default: `times`. */
const modes = ["cold", "memory", "overload", "training"] as const;
export type Mode = "times" | (typeof modes)[number];

export interface Options {
	readonly mode: Mode;
	readonly only: readonly (RuntimeName | TrainerName)[] | undefined;
	/** Builds of ours, one row each. Default: the one that the machine gets. */
	readonly simd: readonly string[] | undefined;
	readonly model: string | undefined;
	readonly alpha: number | undefined;
	readonly size: number | undefined;
	readonly batch: number;
	readonly threads: number;
	readonly precision: Precision;
	readonly cores: string;
	readonly seconds: number;
	readonly node: string;
	/** The Python that has PyTorch, for training. */
	readonly python: string | undefined;
	readonly json: string | undefined;
	/** Another checkout of this repository, built, whose engine is compared with this one's; then `only` is there. */
	readonly against: string | undefined;
}

export const help = `npm run bench -- [options]: compares ours with its peers

  --only A,B        ${runtimeNames.join(", ")}; all that run here if not given
  --simd A,B        builds of ours, a row each: wide, relaxed, baseline, reference; the machine's if not given
  --model PATH      the network, in any format; else trained weights for α 1 and 0.25, random ones for others
  --alpha N         width multiplier (1)
  --size N          pixels (the model's)
  --batch N         pictures a run (1)
  --threads N       of each runtime (1; with --overload 2)
  --precision P     fp32, or int8: the network quantized on ../shared/data, the same integers for all (fp32)
  --cores LIST      cores that every runtime is pinned to, as taskset takes them (1; as many as threads)
  --seconds N       of measuring for each runtime (10)
  --node PATH       the Node that runs them (this one)
  --json FILE       the rows, as JSON
  --against DIR     ours of another checkout of this repository, already built, beside ours of this one, and their
                    ratios; no peers, except those of --only; also with --training
  --cold            instead: process start to first prediction, ours and onnxruntime-node (α 0.25)
  --memory          instead: the most memory that each process takes
  --overload        instead: ours and onnxruntime-node on one thread and on several, while all cores are busy
  --training        instead: whole steps of training, as images a second (α 0.25, 96 pixels, batch 32);
                    --only knows ${trainerNames.join(", ")}
  --python PATH     the Python that has PyTorch, for --training (packages/benchmarks/.python, or BENCH_PYTHON)

  npm run bench -- --only mobilenet,onnxruntime-node --alpha 0.25 --size 128`;

/** @returns undefined if help is requested */
export function parseOptions(argv: readonly string[]): Options | undefined {
	const { values } = parse(argv);
	if (values.help) return undefined;
	const [mode = "times", other] = modes.filter((name) => values[name]);
	if (other)
		throw new UsageError(`--${mode} and --${other} are different benchmarks: give only one of them.`);
	const precision = values.precision ?? "fp32";
	if (precision !== "fp32" && precision !== "int8")
		throw new UsageError(`--precision must be fp32 or int8, not ${precision}.`);
	if (mode === "cold" && precision !== "fp32")
		throw new UsageError("--cold is measured in fp32 only: omit --precision.");
	if (mode === "overload" && values.only !== undefined)
		throw new UsageError("--overload always compares ours and onnxruntime-node: omit --only.");
	if (mode === "training" && (precision !== "fp32" || values.model !== undefined))
		throw new UsageError("--training makes its network itself, in fp32: leave --model and --precision out.");
	const { against } = values;
	if (against !== undefined && mode !== "times" && mode !== "training")
		throw new UsageError(`--against compares times and training: leave --${mode} out.`);
	const named = values.only ?? (against === undefined ? undefined : "mobilenet");
	const only = named === undefined ? undefined : list("only", named).map((name) => nameOf(name, mode));
	if (against !== undefined && !only?.includes("mobilenet"))
		throw new UsageError("--against compares ours with ours: name mobilenet in --only too, or leave it out.");
	const threads = number("threads", values.threads, whole) ?? (mode === "overload" ? 2 : 1);
	return {
		mode,
		only,
		simd: values.simd === undefined ? undefined : list("simd", values.simd),
		model: values.model,
		alpha: number("alpha", values.alpha, (n) => n > 0),
		size: number("size", values.size, whole),
		batch: number("batch", values.batch, whole) ?? (mode === "training" ? trainingBatch : 1),
		threads,
		precision,
		cores: values.cores ?? usualCores(threads),
		seconds: number("seconds", values.seconds, (n) => n > 0) ?? 10,
		node: values.node ?? process.execPath,
		python: values.python,
		json: values.json,
		against,
	};
}

function parse(argv: readonly string[]) {
	const text = { type: "string" } as const;
	const flag = { type: "boolean" } as const;
	try {
		return parseArgs({
			args: [...argv],
			options: {
				only: text,
				simd: text,
				model: text,
				alpha: text,
				size: text,
				batch: text,
				threads: text,
				precision: text,
				cores: text,
				seconds: text,
				node: text,
				python: text,
				json: text,
				against: text,
				cold: flag,
				memory: flag,
				overload: flag,
				training: flag,
				help: flag,
			},
		});
	} catch (error) {
		throw new UsageError(`${(error as Error).message.replace(/\.$/, "")}: see --help.`);
	}
}

const whole = (n: number): boolean => Number.isInteger(n) && n > 0;

function number(name: string, given: string | undefined, valid: (n: number) => boolean): number | undefined {
	if (given === undefined) return undefined;
	const value = Number(given);
	if (given.trim() === "" || !Number.isFinite(value) || !valid(value))
		throw new UsageError(
			`--${name} must be a ${valid === whole ? "whole " : ""}number above 0, not ${given}.`,
		);
	return value;
}

function list(name: string, given: string): readonly string[] {
	const items = given.split(",").map((item) => item.trim());
	if (items.includes("")) throw new UsageError(`--${name} must be names separated by commas, not ${given}.`);
	return [...new Set(items)];
}

function nameOf(name: string, mode: Mode): RuntimeName | TrainerName {
	const names: readonly (RuntimeName | TrainerName)[] = mode === "training" ? trainerNames : runtimeNames;
	const known = names.find((other) => other === name);
	if (!known) throw new UsageError(`--only must be one or more of ${names.join(", ")}, not ${name}.`);
	return known;
}

/** A single thread runs on core 1, since core 0 handles most interrupts. */
function usualCores(threads: number): string {
	if (threads === 1) return availableParallelism() > 1 ? "1" : "0";
	return `0-${threads - 1}`;
}
