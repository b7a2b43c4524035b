/**
 * The command line as a value: the commands, and what their exit codes mean. Each command is in a file of its own
 * and imports what is heavy (the engine, decoders, formats) only when it runs.
 */
import {
	buildApplication,
	buildRouteMap,
	run as runApplication,
	ExitCode as StricliExitCode,
	type StricliProcess,
} from "@stricli/core";
import { MobileNetError } from "../network/index.ts";
import { benchCommand } from "./commands/bench.ts";
import { classifyCommand } from "./commands/classify.ts";
import { completionCommand, completionRequest, completions } from "./commands/completion.ts";
import { convertCommand } from "./commands/convert.ts";
import { costCommand } from "./commands/cost.ts";
import { distillCommand } from "./commands/distill.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { embedCommand } from "./commands/embed.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { modelsCommand } from "./commands/models.ts";
import { packCommand } from "./commands/pack.ts";
import { pullCommand } from "./commands/pull.ts";
import { quantizeCommand } from "./commands/quantize.ts";
import { summaryCommand } from "./commands/summary.ts";
import { trainCommand } from "./commands/train.ts";
import type { Context, ProcessLike } from "./context.ts";
import { inheritedName, text } from "./usage.ts";
import { packageVersion } from "./version.ts";

/** 0: success; 1: some inputs failed and the rest are done; 2: wrong usage. */
export type ExitCode = 0 | 1 | 2;

const commands = buildRouteMap<string, Context>({
	routes: {
		classify: classifyCommand,
		embed: embedCommand,
		evaluate: evaluateCommand,
		inspect: inspectCommand,
		models: modelsCommand,
		pull: pullCommand,
		bench: benchCommand,
		convert: convertCommand,
		pack: packCommand,
		train: trainCommand,
		distill: distillCommand,
		quantize: quantizeCommand,
		summary: summaryCommand,
		cost: costCommand,
		doctor: doctorCommand,
		completion: completionCommand,
	},
	docs: {
		brief: "MobileNet v1: classify pictures, train on your own, and understand the network",
		fullDescription: [
			"MobileNet v1: classify pictures, train on your own, and understand the network.",
			"",
			"EXAMPLE",
			"  mobilenet classify photo.jpg",
			"  mobilenet summary --preset tutorial",
		].join("\n"),
	},
});

const application = buildApplication(commands, {
	name: "mobilenet",
	versionInfo: { getCurrentVersion: async () => packageVersion() },
	scanner: {
		caseStyle: "allow-kebab-for-camel",
		allowArgumentEscapeSequence: true,
		distanceOptions: {
			threshold: 4,
			weights: { insertion: 1, deletion: 3, substitution: 2, transposition: 0 },
		},
	},
	// There is never any color, so NO_COLOR is respected.
	documentation: { disableAnsiColor: true, onlyRequiredInUsageLine: true },
	localization: { text },
	determineExitCode: (thrown) =>
		thrown instanceof MobileNetError && (thrown.code === "configuration" || thrown.code === "usage") ? 2 : 1,
});

/**
 * Runs one command line.
 *
 * @param inputs the words after `mobilenet`
 * @param context where to read from and write to
 * @returns 0 for success, 1 if some inputs failed, 2 for wrong usage
 * @example
 * const exitCode = await run(["cost", "--alpha", "0.5"], process);
 */
export async function run(inputs: readonly string[], context: ProcessLike): Promise<ExitCode> {
	const { stdout, stderr, stdin, env } = context;
	const refused = inheritedName(inputs);
	if (refused !== undefined) {
		stderr.write(`${refused}\n`);
		return 2;
	}
	const process: ProcessLike & StricliProcess = { stdout, stderr, stdin, env };
	if (inputs[0] === completionRequest) {
		stdout.write(await completions(application, inputs.slice(1), { process }));
		return 0;
	}
	await runApplication(application, inputs, { process });
	return exitCodeOf(Number(process.exitCode));
}

/** stricli's own codes are below 0: an unknown command or option is wrong usage, the rest are failures. */
function exitCodeOf(code: number): ExitCode {
	if (code === 0 || code === 1 || code === 2) return code;
	return code === StricliExitCode.UnknownCommand || code === StricliExitCode.InvalidArgument ? 2 : 1;
}
