/** What is known of a Keras network while its layers are read one after the other. */
import type { ChainLayer } from "../chain/chain.ts";
import type { KerasLayer } from "./graph.ts";
import type { KerasWeights } from "./weights.ts";

export interface Context {
	/** How errors call the file. */
	readonly name: string;
	readonly weights: KerasWeights;
	/** The layers that were read. */
	readonly layers: readonly ChainLayer[];
	/** Height and width of the picture at this layer; undefined where the file does not say. */
	picture: readonly [number, number] | undefined;
	/** Whether the picture is one row of numbers by now, or one pixel. */
	pooled: boolean;
	readonly found: {
		inputChannels?: number;
		size?: number;
		/** Whether the network turns the order of the colors round before it does anything else. */
		reversed?: boolean;
		/** Whether it resizes its picture itself. */
		resized?: boolean;
	};
}

export type Reader = (layer: KerasLayer, context: Context) => readonly ChainLayer[];

/** Height and width of the picture after a window was moved over it. */
export function convolved(
	picture: Context["picture"],
	kernel: readonly [number, number],
	stride: readonly [number, number],
	padding: "same" | "valid",
): Context["picture"] {
	const along = (axis: 0 | 1): number =>
		Math.ceil((picture![axis] - (padding === "same" ? 0 : kernel[axis] - 1)) / stride[axis]);
	return picture && [along(0), along(1)];
}
