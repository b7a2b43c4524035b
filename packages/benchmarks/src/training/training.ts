/** `--training`: whole training steps of ours, PyTorch on the CPU and TensorFlow.js, as images per second. */
import { writeFile } from "node:fs/promises";
import { MobileNet } from "mobilenet";
import { fold } from "mobilenet/formats";
import { againstTable } from "../against.ts";
import { versionOf } from "../folders.ts";
import { inputsFor, jobFor, type Network, withFiles } from "../network.ts";
import type { Options } from "../options.ts";
import type { Ready, TrainingJob } from "../protocol.ts";
import { labelOf, milliseconds } from "../report.ts";
import type { Row } from "../rows.ts";
import { type Measured, measure, type Pace } from "../session.ts";
import { table } from "../table.ts";
import { findPython, pythonVariable } from "./python.ts";
import { type TrainerName, trainerNames, trainers } from "./table.ts";

const seed = 1;
/** So small that the losses of the first steps do not depend on rounding. */
const learningRate = 1e-4;
const momentum = 0.9;
/** Relative tolerance of losses. */
const mostApart = 1e-3;
/** Distributes the labels over the classes. */
const labelStep = 37;
const pace: Pace = { warmUp: 1500, turn: 1000, settling: 1 };

/** The default network. */
const usual = { alpha: 0.25, size: 96 } as const;

export async function trainingNetwork({ alpha, size }: Options): Promise<Network> {
	const options = { preset: "torch", alpha: alpha ?? usual.alpha, size: size ?? usual.size } as const;
	const { model } = await MobileNet.create(options, { seed, build: "reference" });
	return { precision: "fp32", model, folded: fold(model), origin: `random weights, seed ${seed}` };
}

/** @param note called with the reason if a runtime that was not requested by name is left out */
export function trainingRows(
	{ only, simd, threads, python }: Options,
	note: (line: string) => void,
): readonly Row[] {
	return ((only ?? trainerNames) as readonly TrainerName[]).flatMap((name): readonly Row[] => {
		const { package: packageName, program, mostThreads, slow } = trainers[name];
		const row = { name, version: "", program, precision: "fp32" as const, threads };
		try {
			if (threads > mostThreads) throw new Error(`${name} runs on ${mostThreads} thread, not on ${threads}`);
			if (slow !== undefined && !only) throw new Error(`${name}: ${slow}; add it to --only to include it`);
			if (packageName === undefined)
				return [{ ...row, environment: { [pythonVariable]: findPython(python) } }];
		} catch (error) {
			if (only) throw error;
			note(`left out: ${(error as Error).message}`);
			return [];
		}
		const own = { ...row, version: versionOf(packageName) };
		if (name !== "mobilenet") return [own];
		const builds = simd ? simd.map((build) => ({ ...own, simd: build })) : [own];
		return threads === 1
			? builds
			: builds.flatMap((build) => [build, { ...build, threads: 1, label: "1 thread" }]);
	});
}

/** Measures, and prints the results. */
export async function benchTraining(
	network: Network,
	rows: readonly Row[],
	options: Options,
	note: (line: string) => void,
): Promise<void> {
	const { batch } = options;
	const { alpha, size, classes, epsilon, momentum: normMomentum } = network.model.configuration;
	const inputs = await inputsFor(network, batch);
	const training: Omit<TrainingJob, "losses"> = {
		learningRate,
		momentum,
		epsilon,
		normMomentum,
		labels: Array.from({ length: batch }, (_, i) => (i * labelStep) % classes),
	};
	await withFiles(network, { files: new Set(["network.safetensors"]), inputs, batch }, async (folder) => {
		const job = jobFor(network, { ...options, folder, inputs });
		let first: { readonly name: string; readonly losses: readonly number[] } | undefined;
		const check = (row: Row, ready: Ready): void => {
			const { outputs } = ready;
			const name = labelOf(row, ready);
			first ??= { name, losses: outputs };
			const common = outputs.slice(0, first.losses.length);
			const apart = Math.max(...common.map((loss, i) => Math.abs(loss / first!.losses[i]! - 1)));
			if (!(apart <= mostApart))
				throw new Error(
					`${name} does not train like ${first.name}: the losses of the first steps are ${outputs.join(", ")} and ${first.losses.join(", ")}.`,
				);
		};
		const measured = await measure(rows, {
			seconds: options.seconds,
			pace,
			place: options,
			check,
			jobOf: ({ name, threads }) => ({
				...job,
				threads,
				training: { ...training, losses: trainers[name as TrainerName].firstSteps },
			}),
			leaveOut: (row, error) => {
				const fault = `${labelOf(row, {})}: ${error.message}`;
				if (options.only || row.name === "mobilenet") throw new Error(fault);
				note(`left out: ${fault}`);
			},
		});
		console.log(stepsTable(measured, batch));
		const ratios = ratiosTable(measured);
		if (ratios) console.log(`\n${ratios}`);
		const against = againstTable(measured, "images/s");
		if (against) console.log(`\n${against}`);
		if (options.json)
			await writeFile(
				options.json,
				`${JSON.stringify(
					measured.map(({ row, ready, times }) => ({
						runtime: row.name,
						...(row.checkout ? { checkout: row.checkout.commit } : {}),
						version: ready.version ?? row.version,
						alpha,
						size,
						precision: "fp32",
						batch,
						threads: row.threads,
						simd: ready.build ?? null,
						host: ready.host,
						minMs: times.minimum,
						medianMs: times.median,
						imagesPerSecond: perSecond(times.median, batch),
					})),
					undefined,
					"\t",
				)}\n`,
			);
	});
}

const perSecond = (ms: number, batch: number): number => (1000 * batch) / ms;

function stepsTable(measured: readonly Measured[], batch: number): string {
	return table([
		["", "version", "minimum ms", "median ms", "p90 ms", "images/s (minimum, median)", "steps", "host"],
		...measured.map(({ row, ready, times }) => [
			labelOf(row, ready),
			ready.version ?? row.version,
			...[times.minimum, times.median, times.p90].map(milliseconds),
			[times.minimum, times.median].map((ms) => perSecond(ms, batch).toPrecision(4)).join("  "),
			String(times.runs),
			ready.host,
		]),
	]);
}

/** Images per second of ours over those of each peer: above 1, ours is faster. */
function ratiosTable(measured: readonly Measured[]): string | undefined {
	const here = measured.filter(({ row }) => !row.checkout);
	const ours = here.filter(({ row }) => row.name === "mobilenet" && row.label === undefined);
	const others = here.filter((other) => !ours.includes(other));
	if (ours.length === 0 || others.length === 0) return undefined;
	return table([
		["images/s of ours over (minima, medians)", ...ours.map(({ row, ready }) => labelOf(row, ready))],
		...others.map((other) => [
			labelOf(other.row, other.ready),
			...ours.map((own) => {
				// Ours on one thread is compared only with the same build.
				if (other.row.name === "mobilenet" && other.ready.build !== own.ready.build) return "";
				return [other.times.minimum / own.times.minimum, other.times.median / own.times.median]
					.map((ratio) => ratio.toFixed(2))
					.join("  ");
			}),
		]),
	]);
}
