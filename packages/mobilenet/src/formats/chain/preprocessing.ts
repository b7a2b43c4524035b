/**
 * What a file says of preprocessing, completed: from the file's own words, else from the quantization of its
 * input, else the usual values, whose names are listed as assumed.
 */

import { type Preprocessing, usualPreprocessing } from "../../weights/model.ts";
import { preprocessingFault } from "../../weights/preprocessing.ts";
import type { Chain } from "./chain.ts";
import { refuse } from "./units.ts";

export function preprocessingOf(
	chain: Chain,
	inputChannels: number,
): { readonly preprocessing: Preprocessing; readonly assumed: readonly (keyof Preprocessing)[] } {
	const given: Partial<Preprocessing> = { ...fromQuantization(chain, inputChannels), ...chain.preprocessing };
	const usual = usualPreprocessing(inputChannels);
	const preprocessing: Preprocessing = {
		mean: given.mean ? perChannel(given.mean, inputChannels) : usual.mean,
		std: given.std ? perChannel(given.std, inputChannels) : usual.std,
		channelOrder: given.channelOrder ?? usual.channelOrder,
		filter: given.filter ?? usual.filter,
		fit: given.fit ?? usual.fit,
	};
	const fault = preprocessingFault(preprocessing, inputChannels);
	if (fault) refuse(chain, `its ${fault}`, "broken-file");
	// One channel has no order.
	const fields = (Object.keys(preprocessing) as (keyof Preprocessing)[]).filter(
		(field) => field !== "channelOrder" || inputChannels > 1,
	);
	return { preprocessing, assumed: fields.filter((field) => given[field] === undefined) };
}

/**
 * real = scale · (code − zeroPoint), and a code is the pixel itself (U8) or the pixel − 128 (I8). The numbers
 * stay as the file has them, although 127.49999 may have been meant as 127.5: this is how the network was
 * calibrated.
 */
function fromQuantization(
	{ input }: Chain,
	inputChannels: number,
): Pick<Preprocessing, "mean" | "std"> | undefined {
	if (input?.dtype !== "U8" && input?.dtype !== "I8") return undefined;
	const [scale = Number.NaN] = input.quantization.scale;
	const [zeroPoint = 0] = input.quantization.zeroPoint;
	const mean = input.dtype === "U8" ? zeroPoint : zeroPoint + 128;
	return {
		mean: new Array<number>(inputChannels).fill(mean),
		std: new Array<number>(inputChannels).fill(1 / scale),
	};
}

/** A file may give one number for all channels. */
function perChannel(values: readonly number[], channels: number): readonly number[] {
	return values.length === 1 ? new Array<number>(channels).fill(values[0]!) : values;
}
