/**
 * Which arithmetic a network of integers gets. What LiteRT 2.3.0 and the TensorFlows before it run by XNNPACK was looked up
 * in their interpreters' lists of operators, where what XNNPACK took stands as DELEGATE.
 */
import { expect, test } from "vitest";
import {
	int8,
	int32,
	type MadeModel,
	type MadeTensor,
	makeTensorFlowLite,
} from "../../../test/support/tflite-builder.ts";
import { readTensorFlowLite } from "./read.ts";

const codes = { type: "int8", scale: [0.5], zeroPoint: [-128] } as const;
const picture: MadeTensor = { ...codes, shape: [1, 4, 4, 2] };
const weight: MadeTensor = {
	type: "int8",
	shape: [2, 1, 1, 2],
	data: new Int8Array(4),
	scale: [1, 2],
	zeroPoint: [0, 0],
};
const bias: MadeTensor = {
	type: "int32",
	shape: [2],
	data: new Int32Array(2),
	scale: [0.5, 1],
	zeroPoint: [0, 0],
};

interface Given {
	readonly weight?: Partial<MadeTensor>;
	readonly bias?: Partial<MadeTensor> | "none";
	readonly image?: Partial<MadeTensor>;
	readonly open?: boolean;
	readonly converter?: string;
}

async function roundingOf(given: Given): Promise<string> {
	const image = { ...picture, ...given.image };
	const model: MadeModel = {
		tensors: [
			image,
			{ ...weight, ...given.weight },
			{ ...bias, ...(given.bias !== "none" && given.bias) },
			image,
			{ type: "int32", shape: [4] },
		],
		operators: [
			{
				code: "CONV_2D",
				inputs: [0, 1, given.bias === "none" ? -1 : 2],
				outputs: [3],
				options: { type: "convolution", fields: { 0: int8(0), 1: int32(1), 2: int32(1) } },
			},
			...(given.open ? [{ code: "SHAPE" as const, inputs: [3], outputs: [4] }] : []),
		],
		outputs: [3],
		...(given.converter && { converter: given.converter }),
	};
	const beside = (path: string): Promise<Uint8Array> => Promise.reject(new Error(path));
	const { rounding } = await readTensorFlowLite({ name: "m", bytes: makeTensorFlowLite(model), beside });
	return rounding ?? "xnnpack";
}

test("convolutions with a bias and weights quantized by outputs, or by one scale, are XNNPACK's", async () => {
	expect(await roundingOf({})).toBe("xnnpack");
	expect(
		await roundingOf({ weight: { scale: [1], zeroPoint: [0] }, bias: { scale: [0.5], zeroPoint: [0] } }),
	).toBe("xnnpack");
	// As Google published them: asymmetric, by the layer.
	const uint8: Given = {
		image: { type: "uint8", zeroPoint: [0] },
		weight: { type: "uint8", data: new Uint8Array(4), scale: [1], zeroPoint: [120] },
		bias: { scale: [0.5], zeroPoint: [0] },
	};
	expect(await roundingOf(uint8)).toBe("xnnpack");
});

test("convolutions that XNNPACK does not take are TensorFlow Lite's own", async () => {
	expect(await roundingOf({ bias: "none" })).toBe("reference");
	// person_detect's, for which LiteRT refuses the file.
	expect(await roundingOf({ bias: { dimension: 3 } })).toBe("reference");
	expect(await roundingOf({ weight: { zeroPoint: [0, 1] } })).toBe("reference");
});

test("shapes that are computed as the network runs are TensorFlow Lite's own in files of TensorFlow up to 2.16", async () => {
	const open = (converter?: string) => roundingOf({ open: true, ...(converter && { converter }) });
	expect(await open("2.15.1")).toBe("reference");
	expect(await open("2.16.2")).toBe("reference");
	expect(await open("1.15.0")).toBe("reference");
	expect(await open("2.17.1")).toBe("xnnpack");
	expect(await open("2.21.0")).toBe("xnnpack");
	expect(await open("3.1.0")).toBe("xnnpack");
	// A file that does not say is run by today's.
	expect(await open()).toBe("xnnpack");
	expect(await open("nightly")).toBe("xnnpack");
	expect(await roundingOf({ converter: "2.15.1" })).toBe("xnnpack");
});
