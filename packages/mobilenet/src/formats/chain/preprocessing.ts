/**
 * What a file and its user say of preprocessing, completed, and brought before the arithmetic that a network does to its
 * own input: y = factor · x + offset, where (pixel − mean) / std makes x, is preprocessing too. In a network of integers
 * that arithmetic is tables from code to code, which become one, from pixels to codes.
 *
 * What the file's input takes is, in this order: what its user says, what the file says, what the quantization of its
 * input says, what the arithmetic behind it points to, the usual. The last two are listed as assumed.
 */
import { type Preprocessing, usualPreprocessing } from "../../weights/model.ts";
import { type PreprocessingOptions, preprocessingFault, toldFields } from "../../weights/preprocessing.ts";
import type { DType, Tensor } from "../../weights/tensor.ts";
import type { Chain } from "./chain.ts";
import type { Leading } from "./parts-of.ts";
import { codeCount, leastCode } from "./saturation.ts";
import { composed, type Scaling, scalingOf } from "./scaling.ts";
import { type Affine, nearestEven, refuse } from "./units.ts";

type MeanAndStd = Pick<Preprocessing, "mean" | "std">;
type Codes = NonNullable<Chain["input"]>;
type Table = Affine & { readonly table: readonly number[] };

/** What the first convolution takes, and how it is made of a picture. */
export interface FoundInput {
	readonly preprocessing: Preprocessing;
	readonly assumed: readonly (keyof Preprocessing)[];
	/** What the first convolution takes, where that are codes. */
	readonly input?: Codes | undefined;
	/** The code of each pixel, where tables make it. */
	readonly inputTable?: Tensor | undefined;
}

/** What is asked of a network beside its chain. */
export interface Asked {
	readonly inputChannels: number;
	/** What the user says of what the file's own input takes. */
	readonly given: PreprocessingOptions;
	/** The type of the first convolution's weights, of which its codes are, too. */
	readonly dtype: DType;
}

export function inputOf(chain: Chain, leading: readonly Leading[], asked: Asked): FoundInput {
	const { inputChannels, given, dtype } = asked;
	const first = leading.findIndex(isTable);
	const ofFloats = first < 0 ? leading : leading.slice(0, first);
	const tables = leading.slice(ofFloats.length).map((layer) => {
		if (isTable(layer) && chain.input) return layer;
		return refuse(
			chain,
			`the layer ${layer.name} before its first convolution is of floats where one of integers was expected, or the other way round`,
			"broken-file",
			layer.name,
		);
	});
	const scalings = leading.map((layer) => scalingOf(chain, layer, inputChannels));
	const [outer, inner] = [scalings.slice(0, ofFloats.length), scalings.slice(ofFloats.length)];

	const told = { ...chain.preprocessing, ...toldFields(given, inputChannels) };
	const isTold = told.mean !== undefined || told.std !== undefined;
	const quantized = fromQuantization(chain.input);
	// The scale of codes speaks of the numbers that become codes: the file's own input where nothing comes between.
	const isBehind = quantized && outer.length > 0 && !isTold;
	const said = { ...(outer.length === 0 || isBehind ? quantized : undefined), ...told };
	const usual = { ...usualPreprocessing(inputChannels), ...pointedTo(scalings) };
	const own = {
		mean: perChannel(said.mean ?? usual.mean, inputChannels),
		std: perChannel(said.std ?? usual.std, inputChannels),
	};
	const coded = isBehind ? own : outer.reduce((before, scaling) => behind(chain, before, scaling), own);
	const preprocessing: Preprocessing = {
		...inner.reduce((before, scaling) => behind(chain, before, scaling), coded),
		channelOrder: said.channelOrder ?? usual.channelOrder,
		filter: said.filter ?? usual.filter,
		fit: said.fit ?? usual.fit,
	};
	const fault = preprocessingFault(preprocessing, inputChannels);
	if (fault) refuse(chain, `its ${fault}`, "broken-file");
	const fields = (Object.keys(preprocessing) as (keyof Preprocessing)[])
		// One channel has no order.
		.filter((field) => field !== "channelOrder" || inputChannels > 1);
	return {
		preprocessing,
		assumed: fields.filter((field) => said[field] === undefined),
		...(tables.length === 0 || !chain.input
			? { input: chain.input, inputTable: dividedCodes(chain, preprocessing) }
			: throughTables(chain, tables, chain.input, coded, dtype)),
	};
}

function isTable(layer: Leading): layer is Table {
	return layer.kind === "affine" && layer.table !== undefined;
}

/**
 * real = scale · (code − zeroPoint), and a code is the pixel itself (U8) or the pixel − 128 (I8). The numbers
 * stay as the file has them, although 127.49999 may have been meant as 127.5: this is how the network was
 * calibrated.
 */
function fromQuantization(input: Chain["input"]): MeanAndStd | undefined {
	const least = input && leastCode(input.dtype);
	if (input === undefined || least === undefined) return undefined;
	const [scale = Number.NaN] = input.quantization.scale;
	const [zeroPoint = 0] = input.quantization.zeroPoint;
	return { mean: [zeroPoint - least], std: [1 / scale] };
}

/** What a network's input takes, by what is done to it: small factors are for pixels, large ones for 0 … 1. */
function pointedTo(scalings: readonly Scaling[]): MeanAndStd | undefined {
	if (scalings.length === 0) return undefined;
	const { factor, offset } = scalings.reduce(composed);
	const most = Math.max(...factor.map(Math.abs));
	const pixels = { mean: [0], std: [1] };
	if (most < 0.1) return pixels;
	if (most > 1.5) return { mean: [0], std: [255] };
	// A mean that is subtracted and nothing else.
	return offset.some((value) => Math.abs(value) > 4) ? pixels : undefined;
}

/** What preprocessing is with a scaling behind it: factor · (pixel − mean) / std + offset. */
function behind(chain: Chain, { mean, std }: MeanAndStd, { factor, offset }: Scaling): MeanAndStd {
	const at = (values: readonly number[], c: number): number => values[c % values.length]!;
	if (!factor.every((value) => value > 0))
		refuse(
			chain,
			`its graph multiplies its input by ${factor.find((value) => !(value > 0))} where numbers above 0 were expected`,
			"unsupported",
		);
	return {
		mean: mean.map((own, c) => short(own - (at(offset, c) * std[c]!) / at(factor, c))),
		std: std.map((own, c) => short(own / at(factor, c))),
	};
}

/** Constants of a graph are float32: 1 / 0.007843137718737125 is meant to be 127.5. */
function short(value: number): number {
	return Number(value.toPrecision(7));
}

/** The codes behind tables, and that of every pixel. */
function throughTables(
	chain: Chain,
	tables: readonly Table[],
	input: Codes,
	{ mean, std }: MeanAndStd,
	dtype: DType,
): Pick<FoundInput, "input" | "inputTable"> {
	const { output } = tables.at(-1)!;
	const [least, leastOfInput] = [leastCode(dtype), leastCode(input.dtype)];
	const [scale = Number.NaN] = input.quantization.scale;
	const [zeroPoint = 0] = input.quantization.zeroPoint;
	if (!output || !(scale > 0) || least === undefined || leastOfInput === undefined)
		return refuse(
			chain,
			`its arithmetic before the first convolution takes codes of the type ${input.dtype} and the scale ${scale} and makes those of the type ${dtype} and the scale ${output?.scale[0]} where I8 or U8 and scales above 0 were expected`,
			"broken-file",
		);
	const channels = mean.length;
	for (const { table, name } of tables)
		if (
			(table.length !== codeCount && table.length !== codeCount * channels) ||
			!table.every((code) => Number.isInteger(code) && code >= least && code < least + codeCount)
		)
			refuse(chain, `the layer ${name} makes codes that there are not`, "broken-file", name);
	const isSame = [mean, std].every((values) => values.every((value) => value === values[0]));
	const rows = isSame && tables.every(({ table }) => table.length === codeCount) ? 1 : channels;
	const numbers = Array.from({ length: rows * codeCount }, (_, i) => {
		const [channel, pixel] = [Math.floor(i / codeCount), i % codeCount];
		const real = (pixel - mean[channel]!) / std[channel]!;
		const code = Math.round(real / scale) + zeroPoint - leastOfInput;
		let place = Math.min(Math.max(code, 0), codeCount - 1);
		for (const { table } of tables)
			place = table[table.length === codeCount ? place : channel * codeCount + place]! - least;
		return place + least;
	});
	const shape = [rows, codeCount];
	const inputTable: Tensor =
		dtype === "I8"
			? { dtype, shape, data: Int8Array.from(numbers) }
			: { dtype: "U8", shape, data: Uint8Array.from(numbers) };
	return { input: { dtype, quantization: output }, inputTable };
}

/**
 * The codes of pixels where floats are divided by the scale, and that makes others of some pixels than multiplying by its
 * inverse, as the engine does: halves are rounded to the even code, and the last bit decides what is a half.
 */
function dividedCodes({ input, dividesInput }: Chain, { mean, std }: MeanAndStd): Tensor | undefined {
	const least = input && leastCode(input.dtype);
	if (!dividesInput || !input || least === undefined) return undefined;
	const scale = Math.fround(input.quantization.scale[0]!);
	const [inverse, zeroPoint] = [Math.fround(1 / scale), input.quantization.zeroPoint[0]!];
	const codes = mean.map((_, c) =>
		Array.from({ length: codeCount }, (_, pixel) => {
			const x = Math.fround(Math.fround(pixel - Math.fround(mean[c]!)) / Math.fround(std[c]!));
			return [x / scale, x * inverse].map((real) => {
				const code = nearestEven(Math.fround(real)) + zeroPoint;
				return Math.min(Math.max(code, least), least + codeCount - 1);
			});
		}),
	);
	if (codes.every((channel) => channel.every(([divided, multiplied]) => divided === multiplied)))
		return undefined;
	const rows = codes.map((channel) => channel.map(([divided]) => divided!));
	const isSame = rows.every((row) => row.join() === rows[0]!.join());
	const data = isSame ? rows[0]! : rows.flat();
	const shape = [isSame ? 1 : rows.length, codeCount];
	return input.dtype === "I8"
		? { dtype: "I8", shape, data: Int8Array.from(data) }
		: { dtype: "U8", shape, data: Uint8Array.from(data) };
}

/** A file may give one number for all channels. */
function perChannel(values: readonly number[], channels: number): readonly number[] {
	return values.length === 1 ? new Array<number>(channels).fill(values[0]!) : values;
}
