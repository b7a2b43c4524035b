/**
 * The codes of pixels, for networks of integers: of each of the 256 values of a pixel, what the network's input makes of
 * it. A file's own table says so; else the pixel is normalized as whoever feeds the network does it and quantized as
 * TensorFlow Lite does, in float32, each operation rounded. Many pixels lie just between two codes (a pixel less 127.5),
 * so that the last bit decides, and a table is the only way to have the same codes.
 *
 * Source: XNNPACK's `xnn_init_f32_qs8_cvt_scalar_params`: x · (1 / scale), the nearest whole number, halves to even.
 */
import { nearest } from "../../kernels/reference/int8-requantize.ts";
import type { Model } from "../../weights/model.ts";
import { inputTableName } from "../../weights/names.ts";
import type { Words } from "../integers.ts";
import { pixelInputs } from "./inference.ts";

export interface PixelCodes {
	/** The word of a pixel is the pixel, put through the table of its channel if there is one, less this. */
	readonly zeroPoint: number;
	/** For each channel of the picture the code of every pixel, counted from the least code. */
	readonly tables?: readonly Uint8Array[];
}

/** Values of a pixel, and codes. */
const count = 256;

/** @param input the words of the picture */
export function pixelCodesOf(
	{ configuration, preprocessing, tensors }: Model,
	{ scale, low, high }: Words,
): PixelCodes {
	const { order } = pixelInputs(preprocessing, configuration.inputChannels);
	const own = tensors.get(inputTableName);
	if (own) {
		const least = own.dtype === "U8" ? 0 : -128;
		const tables = order.map((c) => {
			const start = own.data.length === count ? 0 : c * count;
			return Uint8Array.from({ length: count }, (_, pixel) => own.data[start + pixel]! - least);
		});
		return { zeroPoint: -low, tables };
	}
	const inverse = Math.fround(1 / scale);
	const words = order.map((c) => {
		const [mean, std] = [Math.fround(preprocessing.mean[c]!), Math.fround(preprocessing.std[c]!)];
		return Array.from({ length: count }, (_, pixel) => {
			const normalized = Math.fround(Math.fround(pixel - mean) / std);
			return nearest(Math.min(high, Math.max(low, Math.fround(normalized * inverse))));
		});
	});
	const zeroPoint = -words[0]![0]!;
	if (words.every((channel) => channel.every((word, pixel) => word === pixel - zeroPoint)))
		return { zeroPoint };
	return { zeroPoint: -low, tables: words.map((channel) => Uint8Array.from(channel, (word) => word - low)) };
}
