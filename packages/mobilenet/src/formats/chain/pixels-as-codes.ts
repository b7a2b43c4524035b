/** Whether the codes of a picture are its pixels: they mostly are, which tells what normalization was meant. */
import type { Preprocessing } from "../../weights/model.ts";
import { perChannel } from "../../weights/parts.ts";
import type { Chain } from "./chain.ts";

type Input = NonNullable<Chain["input"]>;
type MeanAndStd = Pick<Preprocessing, "mean" | "std">;

/** How far the codes that a normalization asks for may be from the pixels themselves and still mean them. */
const sameCodes = 1.5;
/** What takes colors to −1 … 1. */
const usualMean = 127.5;

/** What the code of a black pixel is where codes are pixels. */
export function blackCode({ dtype }: Pick<Input, "dtype">): number {
	return dtype === "I8" ? -128 : 0;
}

/** Whether a normalization makes codes of black and of white that are pixels. */
export function codesArePixels(input: Input, { mean, std }: MeanAndStd): boolean {
	const { scale, zeroPoint } = input.quantization;
	const code = (pixel: number, channel: number): number =>
		(pixel - perChannel(mean, channel)) / perChannel(std, channel) / scale[0]! + zeroPoint[0]!;
	for (let channel = 0; channel < Math.max(mean.length, std.length); channel++)
		for (const pixel of [0, 255])
			if (!(Math.abs(code(pixel, channel) - blackCode(input) - pixel) <= sameCodes)) return false;
	return true;
}

/**
 * The usual normalization where a network takes floats and makes such codes of them: a range of −1 … 1 is moved by half a
 * code so that 0 has one, and who feeds the network does not do so.
 */
export function usualForCodes(input: Input): MeanAndStd | undefined {
	const usual = { mean: [usualMean], std: [usualMean] };
	return codesArePixels(input, usual) ? usual : undefined;
}
