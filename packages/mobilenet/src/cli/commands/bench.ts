/** `mobilenet bench`: how fast a model runs on this machine. */
import { buildCommand } from "@stricli/core";
import type { Bench } from "../../index.ts";
import type { Context } from "../context.ts";
import { loadOptions, modelFlags } from "../options/model.ts";
import { number, wholeNumber } from "../options/numbers.ts";
import { jsonLine } from "../output.ts";
import { percent, table } from "../table.ts";
import { downloading } from "../terminal.ts";

interface Options {
	readonly model: string;
	readonly size?: number | undefined;
	readonly threads?: number | undefined;
	readonly float?: boolean | undefined;
	readonly batch: number;
	readonly seconds: number;
	readonly profile: boolean;
	readonly json: boolean;
}

export const benchCommand = buildCommand<Options, [], Context>({
	async func({ model: name, batch, seconds, profile, json, ...options }) {
		const { bench, loadModel } = await import("../../index.ts");
		const model = await loadModel(name, { onProgress: downloading(this.process.stderr) });
		const times = await bench(model, {
			...loadOptions(options, this.process.stderr),
			batch,
			seconds,
			profile,
		});
		const { alpha, size } = model.configuration;
		this.process.stdout.write(
			json ? jsonLine({ model: name, alpha, size: options.size ?? size, ...times }) : readable(times),
		);
	},
	parameters: {
		flags: {
			model: modelFlags.model,
			size: modelFlags.size,
			threads: modelFlags.threads,
			float: modelFlags.float,
			batch: {
				kind: "parsed",
				parse: wholeNumber,
				default: "1",
				placeholder: "count",
				brief: "pictures per run",
			},
			seconds: {
				kind: "parsed",
				parse: number,
				default: "2",
				placeholder: "seconds",
				brief: "seconds to run",
			},
			profile: { kind: "boolean", default: false, withNegated: false, brief: "also time every layer" },
			json: { kind: "boolean", default: false, withNegated: false, brief: "one line of JSON" },
		},
	},
	docs: {
		brief: "Time a model on this machine",
		fullDescription: [
			"Times a model on this machine: the network alone, without decoding pictures. With --profile it also shows every",
			"layer, and its share of the speed that this build's fastest kernel reaches when all data is in the L1 cache.",
			"",
			"EXAMPLE",
			"  mobilenet bench",
			"  mobilenet bench --model model.tflite --threads 1 --profile",
		].join("\n"),
	},
});

function readable(bench: Bench): string {
	const { build, threads, batch, min, median, p90, runs, steps, peakFlops } = bench;
	const ms = (value: number): string => value.toFixed(3);
	const summary = table(
		[
			{ title: "build" },
			...["threads", "batch", "runs", "min ms", "median ms", "p90 ms", "pictures/s"].map(
				(title) => ({ title, align: "right" }) as const,
			),
		],
		[
			[
				build,
				`${threads}`,
				`${batch}`,
				`${runs}`,
				ms(min),
				ms(median),
				ms(p90),
				((1000 * batch) / median).toFixed(1),
			],
		],
	);
	if (!steps || !peakFlops) return summary;
	const peak = peakFlops * threads;
	const rate = (flops: number, milliseconds: number): readonly string[] => {
		const perSecond = flops / (milliseconds / 1000);
		return flops === 0 ? ["", ""] : [(perSecond / 1e9).toFixed(1), percent(perSecond / peak, 0)];
	};
	const sum = (field: "min" | "flops"): number => steps.reduce((total, step) => total + step[field], 0);
	const rows = steps.map(({ layer, operation, min: least, flops }) => [
		layer,
		operation,
		ms(least),
		...rate(flops, least),
	]);
	rows.push(["total", "", ms(sum("min")), ...rate(sum("flops"), sum("min"))]);
	return `${summary}\n${table(
		[
			{ title: "layer" },
			{ title: "step" },
			{ title: "min ms", align: "right" },
			{ title: "GFLOP/s", align: "right" },
			{ title: "of peak", align: "right" },
		],
		rows,
	)}`;
}
