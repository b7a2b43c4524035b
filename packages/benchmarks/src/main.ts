/** Runs the benchmark that the command line requests, and reports the results. */
import { writeFile } from "node:fs/promises";
import { againstTable, besideFormer, commitOf, openCheckout } from "./against.ts";
import { sameClasses, sameNumbers } from "./agreement.ts";
import { coldTable } from "./cold.ts";
import { distanceOfCores } from "./cores.ts";
import { load, machine } from "./machine.ts";
import { memoryTable } from "./memory.ts";
import {
	chooseNetwork,
	type FileName,
	inputsFor,
	jobFor,
	type Network,
	probabilitiesOf,
	withFiles,
} from "./network.ts";
import { help, type Options, parseOptions } from "./options.ts";
import { overloadTable } from "./overload.ts";
import { installPeers } from "./peers.ts";
import { buildPrograms, pinning } from "./programs.ts";
import type { Job, Ready } from "./protocol.ts";
import { jsonRows, labelOf, ratiosTable, timesTable } from "./report.ts";
import { roofline } from "./roofline.ts";
import { chooseRows, fileOf, networkOf, overloadRows, type Row } from "./rows.ts";
import { measure } from "./session.ts";
import { benchTraining, trainingNetwork, trainingRows } from "./training/training.ts";
import { UsageError } from "./usage-error.ts";

/** The default width multiplier for cold starts. */
const coldAlpha = 0.25;

/** @returns the exit code: 0 for success, 1 for failure, 2 for wrong usage */
export async function main(argv: readonly string[]): Promise<number> {
	try {
		const options = parseOptions(argv);
		if (!options) console.log(help);
		else await run(options);
		return 0;
	} catch (error) {
		console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
		return error instanceof UsageError ? 2 : 1;
	}
}

const note = (line: string): void => console.error(`bench: ${line}`);

async function run(options: Options): Promise<void> {
	const { mode, batch, threads, cores, model, precision, against } = options;
	const checkout = against === undefined ? undefined : openCheckout(against);
	if (!isOursAlone(options)) installPeers();
	const alpha = options.alpha ?? (mode === "cold" && model === undefined ? coldAlpha : undefined);
	const network =
		mode === "training"
			? await trainingNetwork(options)
			: await chooseNetwork({ model, alpha, size: options.size, precision });
	const { configuration } = network.model;
	const rows = checkout ? besideFormer(rowsOf(options), checkout) : rowsOf(options);
	if (pinning) note(pinning);
	buildPrograms();

	console.log(machine());
	const state = (): string =>
		[`load average ${load()}`, ...(threads > 1 ? [distanceOfCores(options)] : [])].join("; ");
	console.log(`at the start: ${state()}`);
	console.log(
		`MobileNet ${configuration.alpha}-${configuration.size}, ${precision}, batch ${batch}, ${threads} thread${threads > 1 ? "s" : ""}, cores ${cores}, ${network.origin}`,
	);
	if (checkout)
		console.log(`this checkout (${commitOf() ?? "no commit"}) against ${against} (${checkout.commit})`);
	console.log();
	if (mode === "training") await benchTraining(network, rows, options, note);
	else await benchInference(network, rows, options);
	console.log(`\nat the end: ${state()}`);
}

async function benchInference(network: Network, rows: readonly Row[], options: Options): Promise<void> {
	const { mode, batch, precision } = options;
	const inputs = await inputsFor(network, batch);
	await withFiles(network, { files: filesOf(options, rows), inputs, batch }, async (folder) => {
		const job = jobFor(network, { ...options, folder, inputs });
		const jobOf = (row: Row): Job => ({
			...job,
			network: networkOf(row.precision, precision),
			threads: row.threads,
		});
		if (mode === "cold") return console.log(await coldTable(job, options));
		if (mode === "memory") return console.log(await memoryTable(rows, jobOf, options, note));
		const session = {
			seconds: options.seconds,
			place: options,
			jobOf,
			check: await checkOf(network, inputs, batch),
			leaveOut: (row: Row, error: Error) => {
				const fault = `${labelOf(row, {})}: ${error.message}`;
				if (options.only || row.name === "mobilenet") throw new Error(fault);
				note(`left out: ${fault}`);
			},
		};
		if (mode === "overload") return console.log(await overloadTable(rows, session, options));
		const measured = await measure(rows, session);
		const ratios = ratiosTable(measured);
		console.log(timesTable(measured));
		if (ratios) console.log(`\n${ratios}`);
		const against = againstTable(measured, "ms");
		if (against) console.log(`\n${against}`);
		if (!isOursAlone(options)) console.log(`\n${roofline(measured, network, options)}`);
		if (options.json)
			await writeFile(
				options.json,
				`${JSON.stringify(jsonRows(measured, options, job, network.model.configuration.alpha), undefined, "\t")}\n`,
			);
	});
}

/** Where two checkouts are all that is compared: the peers, and what measures the core with theirs, are not needed. */
function isOursAlone({ against, only }: Options): boolean {
	return against !== undefined && only!.every((name) => name === "mobilenet");
}

function rowsOf(options: Options): readonly Row[] {
	if (options.mode === "cold") return [];
	if (options.mode === "training") return trainingRows(options, note);
	return options.mode === "overload" ? overloadRows(options) : chooseRows(options, note);
}

function filesOf({ mode, precision }: Options, rows: readonly Row[]): ReadonlySet<FileName> {
	return new Set(
		mode === "cold" ? ["network.safetensors", "network.onnx"] : rows.map((row) => fileOf(row, precision)),
	);
}

/** A function that compares a runtime's probabilities with those of our public interface. */
async function checkOf(
	{ precision, model, folded }: Network,
	inputs: readonly Float32Array[],
	batch: number,
): Promise<(row: Row, ready: Ready) => void> {
	const expected = await probabilitiesOf(model, inputs, batch);
	const inFloat = precision === "fp32" ? expected : await probabilitiesOf(folded, inputs, batch);
	const { classes } = model.configuration;
	return (row, ready) => {
		const { outputs } = ready;
		if (row.precision === "fp32") sameNumbers(labelOf(row, ready), outputs, inFloat);
		else note(sameClasses(labelOf(row, ready), outputs, expected, classes));
	};
}
