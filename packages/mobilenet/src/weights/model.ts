/**
 * A model as one plain value: configuration, named tensors, preprocessing, labels. Readers make models, writers
 * take them, the engine packs them. A model keeps the weights as its source had them, folded or not,
 * quantized or not; what the engine needs is made of it by pure functions (fold.ts, dequantize.ts).
 */
import type { Configuration } from "../network/configuration.ts";
import type { Tensor } from "./tensor.ts";

export interface Model {
	readonly configuration: Configuration;
	/**
	 * By canonical name (names.ts), or as parts of layers (parts.ts): `X.conv.weight` (OIHW; a depthwise one [C, 1, 3, 3]), `X.conv.bias`, `X.bn.weight`,
	 * `X.bn.bias`, `X.bn.running_mean`, `X.bn.running_var` for X = `stem`, `blocks.0.depthwise` …;
	 * `classifier.weight` ([out, in]), `classifier.bias`. Quantized: integer `X.conv.weight`, I32 `X.conv.bias`,
	 * F32 `X.conv.scale` and I32 `X.conv.zero_point` (one, or one per output channel), `X.output.scale`,
	 * `X.output.zero_point`; `classifier.scale`, `classifier.zero_point`, `classifier.output.scale` …;
	 * `input.scale`, `input.zero_point`. Real value = scale · (code − zero point); the bias's scale is the
	 * input's times the weight's.
	 */
	readonly tensors: ReadonlyMap<string, Tensor>;
	readonly preprocessing: Preprocessing;
	/**
	 * How the sums of a quantized network become codes where it runs in integers, after the two ways of TensorFlow Lite.
	 * `xnnpack`, the default: multiplied by a float32 number and rounded once, as XNNPACK does. `reference`: multiplied by
	 * a mantissa, shifted and rounded twice, as TensorFlow Lite's own kernels do where a file leaves shapes open.
	 * `onnxruntime`: as `xnnpack`, but leaky ReLU divides by its scale where XNNPACK multiplies by a number of 8 bits.
	 */
	readonly rounding?: Rounding;
	/** One per class, in the order of the outputs. */
	readonly labels?: readonly Label[];
	/**
	 * The probability, above 0 and up to 1, from which the best answer can be trusted; below it, the picture is hard to
	 * recognize or of none of the classes. It is chosen on pictures that training did not see: for this package's own model
	 * where an answer is right as often as wrong (models/default/finish.ts). It holds only for these weights and classes,
	 * so training drops it. A model that was not measured has none.
	 */
	readonly sureFrom?: number;
	/** Where the model came from, for `inspect`. */
	readonly source: Source;
}

export type Rounding = "xnnpack" | "reference" | "onnxruntime";

export interface Source {
	/** The format's usual name, such as `TensorFlow Lite`. */
	readonly format: string;
	/** What the file does not say, where a usual value is used: names such as `size`, `mean`, `fit`. */
	readonly assumed: readonly string[];
	/** What is unusual about the file, one sentence each. */
	readonly notes: readonly string[];
	/** What may be done with it: an SPDX identifier, or a sentence. Undefined where nobody says. */
	readonly license?: string;
	/** Who made it and from what, a sentence. */
	readonly origin?: string;
}

/** How a picture becomes the network's input: resized, then (pixel − mean) / std for every channel. */
export interface Preprocessing {
	/** In pixels (0…255), one per channel of the network, in the network's order. */
	readonly mean: readonly number[];
	/** In pixels (0…255), one per channel of the network, in the network's order. */
	readonly std: readonly number[];
	/** The order of color channels that the network expects. */
	readonly channelOrder: "rgb" | "bgr";
	readonly filter: Filter;
	readonly fit: Fit;
}

/** How pixels are interpolated: Pillow's antialiased filters, TensorFlow's three conventions, or the nearest pixel. */
export type Filter =
	| "pillow-bilinear"
	| "pillow-bicubic"
	| "tf-bilinear"
	| "tf-bilinear-legacy"
	| "tf-bilinear-align-corners"
	| "nearest";

/**
 * How a picture is made square: stretched whole; resized by its shorter side and center-cropped; or a central fraction of
 * each side cropped, then stretched.
 */
export type Fit = "stretch" | { readonly shorterSide: number } | { readonly centralFraction: number };

export interface Label {
	/** The usual name of the class: the first synonym. */
	readonly name: string;
	/** WordNet id, such as `n01440764`. */
	readonly id?: string;
	/** Its other names, without `name`. */
	readonly synonyms?: readonly string[];
}

/** What most published networks expect: colors from −1 to 1, the whole picture stretched. */
export function usualPreprocessing(inputChannels: number): Preprocessing {
	return {
		mean: new Array<number>(inputChannels).fill(127.5),
		std: new Array<number>(inputChannels).fill(127.5),
		channelOrder: "rgb",
		filter: "pillow-bilinear",
		fit: "stretch",
	};
}
