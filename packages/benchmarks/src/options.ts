/** The command line of `npm run bench`. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { type RuntimeName, runtimeNames } from "./runtimes/table.ts";

export class UsageError extends Error {}

export interface Options {
	readonly mode: "times" | "cold" | "memory";
	readonly only: readonly RuntimeName[] | undefined;
	/** Builds of ours, a row each; by default the one that the machine gets. */
	readonly simd: readonly string[] | undefined;
	readonly model: string | undefined;
	readonly alpha: number | undefined;
	readonly size: number | undefined;
	readonly batch: number;
	readonly threads: number;
	readonly cores: string;
	readonly seconds: number;
	readonly node: string;
	readonly json: string | undefined;
}

export const help = `npm run bench -- [options]: the peers, side by side with ours

  --only A,B        ${runtimeNames.join(", ")}; all that run here if not given
  --simd A,B        builds of ours, a row each: wide, relaxed, baseline, reference; the machine's if not given
  --model PATH      the network, in any format; else trained weights for α 1 and 0.25, random ones for others
  --alpha N         width multiplier (1)
  --size N          pixels (the model's)
  --batch N         pictures a run (1)
  --threads N       of each runtime (1)
  --precision P     fp32 (int8: not yet)
  --cores LIST      cores that every runtime is pinned to, as taskset takes them (1; as many as threads)
  --seconds N       of measuring for each runtime (10)
  --node PATH       the Node that runs them (this one)
  --json FILE       the rows, as JSON
  --cold            instead: process start to first prediction, ours and onnxruntime-node (α 0.25)
  --memory          instead: the most memory that each process takes

  npm run bench -- --only mobilenet,onnxruntime-node --alpha 0.25 --size 128`;

/** @returns undefined where help is asked for */
export function parseOptions(argv: readonly string[]): Options | undefined {
	const { values } = parse(argv);
	if (values.help) return undefined;
	if (values.cold && values.memory)
		throw new UsageError("--cold and --memory are two benchmarks: ask for one.");
	const precision = values.precision ?? "fp32";
	if (precision === "int8")
		throw new UsageError("--precision int8 cannot be measured yet: ours has no integer kernels.");
	if (precision !== "fp32") throw new UsageError(`--precision must be fp32, not ${precision}.`);
	const threads = number("threads", values.threads, whole) ?? 1;
	return {
		mode: values.cold ? "cold" : values.memory ? "memory" : "times",
		only: values.only === undefined ? undefined : list("only", values.only).map(runtimeName),
		simd: values.simd === undefined ? undefined : list("simd", values.simd),
		model: values.model,
		alpha: number("alpha", values.alpha, (n) => n > 0),
		size: number("size", values.size, whole),
		batch: number("batch", values.batch, whole) ?? 1,
		threads,
		cores: values.cores ?? usualCores(threads),
		seconds: number("seconds", values.seconds, (n) => n > 0) ?? 10,
		node: values.node ?? process.execPath,
		json: values.json,
	};
}

function parse(argv: readonly string[]) {
	const text = { type: "string" } as const;
	const flag = { type: "boolean" } as const;
	try {
		return parseArgs({
			args: [...argv],
			options: {
				...{ only: text, simd: text, model: text, alpha: text, size: text, batch: text, threads: text },
				...{ precision: text, cores: text, seconds: text, node: text, json: text },
				...{ cold: flag, memory: flag, help: flag },
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
	if (items.includes(""))
		throw new UsageError(`--${name} takes names with commas between them, not ${given}.`);
	return [...new Set(items)];
}

function runtimeName(name: string): RuntimeName {
	const known = runtimeNames.find((other) => other === name);
	if (!known) throw new UsageError(`--only knows ${runtimeNames.join(", ")}, not ${name}.`);
	return known;
}

/** One thread runs on core 1, since core 0 takes most interrupts. */
function usualCores(threads: number): string {
	if (threads === 1) return availableParallelism() > 1 ? "1" : "0";
	return `0-${threads - 1}`;
}
