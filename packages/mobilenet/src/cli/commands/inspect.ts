/** `mobilenet inspect`: what is in a model file. */
import { buildCommand } from "@stricli/core";
import type { LoadOptions, Model, Tensor } from "../../index.ts";
import { type Configuration, cost } from "../../network/index.ts";
import type { Context } from "../context.ts";
import { fitText } from "../options/fit.ts";
import { changeFlags, defaultModel, modelBrief } from "../options/model.ts";
import { jsonLine } from "../output.ts";
import { grouped, printable } from "../table.ts";
import { downloading } from "../terminal.ts";

interface Options {
	readonly labels?: string | undefined;
	readonly configuration?: LoadOptions["configuration"];
	readonly json: boolean;
}

export const inspectCommand = buildCommand<Options, [string], Context>({
	async func({ labels, configuration, json }, file) {
		const { backgroundOutputs, loadModel } = await import("../../index.ts");
		const model = await loadModel(file, {
			labels,
			configuration,
			onProgress: downloading(this.process.stderr),
		});
		this.process.stdout.write(
			json ? jsonLine(report(file, model)) : readable(file, model, backgroundOutputs(model.labels) > 0),
		);
	},
	parameters: {
		flags: {
			labels: changeFlags.labels,
			configuration: changeFlags.configuration,
			json: { kind: "boolean", default: false, withNegated: false, brief: "one line of JSON" },
		},
		positional: {
			kind: "tuple",
			parameters: [
				{
					brief: modelBrief,
					default: defaultModel,
					parse: (input: string) => input,
					placeholder: "model",
				},
			],
		},
	},
	docs: {
		brief: "Show what is in a model file",
		fullDescription: [
			"Shows what is in a model file: the network and its conventions, quantization, preprocessing, labels, and what is",
			"unusual. What the file does not say, and is assumed, is marked so.",
			"",
			"EXAMPLE",
			"  mobilenet inspect mobilenet_v1_0.25_224.tflite",
			"  mobilenet inspect",
		].join("\n"),
	},
});

/** How many weights there are of each type. */
function weightTypes(model: Model): Readonly<Record<string, number>> {
	const counts: Record<string, number> = {};
	for (const [name, { dtype, data }] of model.tensors)
		if (/\.weight$/.test(name) && !name.includes(".bn.")) counts[dtype] = (counts[dtype] ?? 0) + data.length;
	return counts;
}

/** How integer weights are scaled; undefined if there are none. */
function quantization(model: Model): string | undefined {
	const weights = [...model.tensors].filter(
		([name, { dtype }]) => /\.weight$/.test(name) && isInteger(dtype),
	);
	const first = weights[0];
	if (!first) return undefined;
	const perChannel = weights.some(([name]) => {
		const scale = model.tensors.get(name.replace(/weight$/, "scale"));
		return scale !== undefined && scale.data.length > 1;
	});
	const activations = model.tensors.has("stem.output.scale")
		? "integer activations"
		: "float activations (dynamic range)";
	return `${first[1].dtype === "U8" ? "uint8" : "int8"} weights, ${perChannel ? "a scale per channel" : "one scale per layer"}, ${activations}`;
}

const isInteger = (dtype: Tensor["dtype"]): boolean => dtype === "U8" || dtype === "I8";

function report(file: string, model: Model) {
	const { configuration, preprocessing, labels, source } = model;
	const { parameters, multAdds } = cost(configuration);
	return {
		file,
		format: source.format,
		configuration,
		parameters,
		multAdds,
		folded: !model.tensors.has("stem.bn.weight"),
		weights: weightTypes(model),
		quantization: quantization(model) ?? null,
		preprocessing: { ...preprocessing, fit: fitText(preprocessing.fit) },
		assumed: source.assumed,
		labels: labels ?? null,
		sureFrom: model.sureFrom ?? null,
		license: source.license ?? null,
		origin: source.origin ?? null,
		notes: source.notes,
	};
}

const paddingWords: Readonly<Record<Configuration["padding"], string>> = {
	same: "TensorFlow's (the odd pixel at the bottom and right)",
	symmetric: "1 on every side",
	keras: "Keras's (1 at the bottom and right where the stride is 2, at every size)",
};

const poolingWords = {
	max: "the maximum of each channel",
	none: "none: the last feature map is flattened, so the network runs only at this size",
} as const;

const roundingWords: Readonly<Record<Configuration["channelRounding"], string>> = {
	floor: "⌊αc⌋, at least 8",
	truncate: "⌊αc⌋",
	divisible8: "αc rounded to a multiple of 8",
};

function activationText({ configuration: c, tensors }: Model): string {
	if (c.activation === "leakyRelu") return `leakyRelu, slope ${c.leakySlope}`;
	const ranges = [...tensors.keys()].filter((name) => name.endsWith(".bounds")).length;
	if (ranges === 0) return c.activation;
	return `clipped to the range of the integer codes in ${ranges === 1 ? "one layer" : `${ranges} layers`}, otherwise ${c.activation}`;
}

function readable(file: string, model: Model, background: boolean): string {
	const { configuration: c, preprocessing: p, labels, source } = model;
	const { parameters, multAdds } = cost(c);
	const marked = (field: string, text: string): string =>
		source.assumed.includes(field) ? `${text} (assumed)` : text;
	const numbers = (values: readonly number[]): string =>
		(values.every((value) => value === values[0]) ? values.slice(0, 1) : values)
			.map((v) => Number(v.toPrecision(6)))
			.join(", ");
	const padding = paddingWords[c.padding];
	const names = labels?.slice(0, 3).map(({ name }) => name) ?? [];
	const types = Object.entries(weightTypes(model)).map(([dtype, count]) => `${grouped(count)} ${dtype}`);
	const rows: (readonly [string, string])[] = [
		["file", file],
		["format", source.format],
		["network", `MobileNet v1, α ${c.alpha}${c.depth === "shallow" ? ", shallow" : ""}`],
		[
			"input",
			`${marked("size", `${c.size}×${c.size}`)}, ${c.inputChannels === 1 ? "1 channel" : `${c.inputChannels} channels`}`,
		],
		[
			"output",
			c.head
				? `${c.classes} classes${background ? ", the first is background" : ""}${c.binary ? " from one number" : ""}; ${marked("output", c.output)}`
				: "features only, no classifier",
		],
		...(c.pooling === "average" ? [] : [["pool", poolingWords[c.pooling]] as const]),
		...(c.headLayers.length === 0
			? []
			: [
					["head", c.headLayers.map(({ units, activation }) => `${units} ${activation}`).join(", ")] as const,
				]),
		["parameters", `${grouped(parameters)}, ${grouped(multAdds)} mult-adds at this size`],
		["weights", types.join(", ")],
		["quantization", quantization(model) ?? "none"],
		[
			"batch norm",
			model.tensors.has("stem.bn.weight")
				? `${marked("epsilon", `ε ${c.epsilon}`)}, not folded`
				: "folded into the convolutions",
		],
		[
			"padding",
			marked(
				"padding",
				c.stemPadding === c.padding
					? padding
					: `${padding}; the first convolution ${paddingWords[c.stemPadding]}`,
			),
		],
		["last block", marked("lastBlock", c.lastBlock === "stride2" ? "stride 2, padding 4" : "stride 1")],
		["activation", marked("activation", activationText(model))],
		["channels", roundingWords[c.channelRounding]],
		["mean, std", `${marked("mean", numbers(p.mean))}; ${marked("std", numbers(p.std))} (of pixels 0…255)`],
		["colors", c.inputChannels === 1 ? "gray" : marked("channelOrder", p.channelOrder)],
		["resize", `${marked("filter", p.filter)}, ${marked("fit", fitText(p.fit))}`],
		[
			"labels",
			labels ? marked("labels", `${names.join(", ")}${labels.length > names.length ? ", …" : ""}`) : "none",
		],
		...(model.sureFrom === undefined
			? []
			: [["sure", `answers with a probability of at least ${model.sureFrom}`] as const]),
		["license", source.license ?? "unknown: neither the file nor the catalog says it"],
		...(source.origin === undefined ? [] : [["origin", source.origin] as const]),
		...source.notes.map((note) => ["unusual", note] as const),
	];
	const width = Math.max(...rows.map(([name]) => name.length));
	return rows.map(([name, value]) => `${name.padEnd(width)}  ${printable(value)}\n`).join("");
}
