/** Runs the benchmark that the command line asks for, and reports it. */
import { writeFile } from "node:fs/promises";
import { coldTable } from "./cold.ts";
import { load, machine } from "./machine.ts";
import { memoryTable } from "./memory.ts";
import { chooseNetwork, type FileName, inputFor, jobFor, probabilitiesOf, withFiles } from "./network.ts";
import { help, type Options, parseOptions, UsageError } from "./options.ts";
import { buildPrograms, pinning } from "./programs.ts";
import { jsonRows, ratiosTable, timesTable } from "./report.ts";
import { roofline } from "./roofline.ts";
import { chooseRows, type Row } from "./rows.ts";
import { runtimes } from "./runtimes/table.ts";
import { measure } from "./session.ts";

/** The cold start that is compared, where nothing else is said. */
const coldAlpha = 0.25;

/** @returns the exit code: 0 good, 1 failed, 2 wrong usage */
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
	const { mode, batch, threads, cores, model } = options;
	const alpha = options.alpha ?? (mode === "cold" && model === undefined ? coldAlpha : undefined);
	const network = await chooseNetwork({ model, alpha, size: options.size });
	const { configuration } = network.model;
	const rows = mode === "cold" ? [] : chooseRows(options, note);
	if (pinning) note(pinning);
	buildPrograms();

	console.log(machine());
	console.log(`load average ${load()} at the start`);
	console.log(
		`MobileNet ${configuration.alpha}-${configuration.size}, fp32, batch ${batch}, ${threads} thread${threads > 1 ? "s" : ""}, cores ${cores}, ${network.origin}\n`,
	);
	await withFiles(network, filesOf(options, rows), batch, async (folder) => {
		const job = jobFor(network, folder, options);
		if (mode === "cold") return console.log(await coldTable(job, options));
		if (mode === "memory") return console.log(await memoryTable(rows, job, options, note));
		const expected = await probabilitiesOf(network, inputFor(configuration, batch), batch);
		const measured = await measure(rows, job, expected, {
			seconds: options.seconds,
			place: options,
			leaveOut: ({ name }, error) => {
				if (options.only || name === "mobilenet") throw new Error(`${name}: ${error.message}`);
				note(`left out: ${name}: ${error.message}`);
			},
		});
		const ratios = ratiosTable(measured);
		console.log(timesTable(measured));
		if (ratios) console.log(`\n${ratios}`);
		console.log(`\n${roofline(measured, network, options)}`);
		if (options.json)
			await writeFile(
				options.json,
				`${JSON.stringify(jsonRows(measured, options, job, configuration.alpha), undefined, "\t")}\n`,
			);
	});
	console.log(`\nload average ${load()} at the end`);
}

function filesOf({ mode }: Options, rows: readonly Row[]): ReadonlySet<FileName> {
	return new Set(
		mode === "cold" ? ["network.safetensors", "network.onnx"] : rows.map(({ name }) => runtimes[name].file),
	);
}
