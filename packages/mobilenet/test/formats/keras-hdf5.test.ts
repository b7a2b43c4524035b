/**
 * Keras's HDF5 files of ../shared, whole models and weights alone: their networks, every number of every weight beside
 * the same network in TensorFlow.js, and the files again with their bytes cut, flipped and overwritten.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MobileNetError } from "../../src/base/error.ts";
import { random } from "../../src/base/random.ts";
import type { Chain } from "../../src/formats/chain/chain.ts";
import { recognize } from "../../src/formats/chain/recognize.ts";
import { readModel } from "../../src/formats/index.ts";
import { readKerasHdf5 } from "../../src/formats/keras/read.ts";
import { type ConfigurationOptions, configure } from "../../src/network/configuration.ts";
import { checkTensors } from "../../src/weights/check.ts";
import { dequantize } from "../../src/weights/dequantize.ts";
import { float32Of } from "../../src/weights/float.ts";
import { fold } from "../../src/weights/fold.ts";
import type { Model } from "../../src/weights/model.ts";
import { processorTime } from "../support/processor-time.ts";
import { describeWithShared, shared } from "../support/shared.ts";

interface Expected {
	readonly path: string;
	readonly configuration: ConfigurationOptions;
	/** 27 convolutions with a batch norm of four tensors each are 135, a classifier 2 more, biases 27. */
	readonly tensors: number;
	readonly weightsOnly?: boolean;
}

/** The first convolution of Keras's own network is padded in words, its blocks by layers of their own. */
const own = { padding: "keras", stemPadding: "same" } as const;
const golden = { alpha: 0.25, classes: 5, ...own } as const;
const quarter = "weights/mobilenet_v1_0.25_224.h5";
const headless = "weights/mobilenet_v1_0.25_224_no_top.h5";
const vww = "weights/vww_v1_0.25_96.h5";
const files: readonly Expected[] = [
	{ path: "golden/formats/keras_model.h5", configuration: { ...golden, size: 64 }, tensors: 137 },
	{ path: "golden/formats/keras_weights.h5", configuration: golden, tensors: 137, weightsOnly: true },
	{ path: quarter, configuration: { alpha: 0.25, classes: 1000, ...own }, tensors: 137 },
	{
		path: headless,
		configuration: { alpha: 0.25, ...own, head: false, dropout: 0, output: "logits" },
		tensors: 135,
		weightsOnly: true,
	},
	{
		path: vww,
		configuration: { alpha: 0.25, size: 96, classes: 2, activation: "relu", dropout: 0 },
		tensors: 164,
	},
];

const paths = files.map(({ path }) => path);
const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(shared(path)));
const read = (path: string): Model => recognize(readKerasHdf5({ bytes: bytesOf(path), name: path }));

describeWithShared("Keras's HDF5 files", paths, () => {
	test.each(files)("$path", async ({ path, configuration, tensors, weightsOnly = false }) => {
		const model = await readModel(shared(path), { name: path });
		expect(model.configuration).toEqual(configure(configuration));
		expect(model.tensors.size).toBe(tensors);
		expect(() => checkTensors(model)).not.toThrow();
		expect(model.source.format).toBe(weightsOnly ? "Keras HDF5 weights" : "Keras HDF5");
		const { assumed } = model.source;
		expect(assumed).toEqual(expect.arrayContaining(["mean", "std", "channelOrder", "filter", "fit"]));
		for (const field of ["size", "padding", "lastBlock", "activation", "epsilon"])
			expect(assumed.includes(field)).toBe(weightsOnly);
		for (const field of ["dropout", "output"])
			expect(assumed.includes(field)).toBe(weightsOnly && model.configuration.head);
		// imagenet_labels.txt lies beside the networks of 1000 classes.
		const notes = model.source.notes.filter((note) => !note.startsWith("Its labels are those of"));
		expect(notes).toHaveLength(weightsOnly ? 1 : 0);
		expect(model.labels?.length).toBe(model.configuration.classes === 1000 ? 1000 : undefined);
	});

	test("whole model and weights alone are the same network, bit for bit", () => {
		const model = read("golden/formats/keras_model.h5");
		const weights = read("golden/formats/keras_weights.h5");
		expect(weights.tensors).toEqual(model.tensors);
		expect(weights.configuration).toEqual({ ...model.configuration, size: 224 });
	});
});

describeWithShared(
	"the same network in TensorFlow.js",
	[quarter, headless, "weights/mobilenet_v1_0.25_224_tfjs"],
	() => {
		test("has the same weights, bit for bit", async () => {
			const { tensors } = await readModel(shared("weights/mobilenet_v1_0.25_224_tfjs"));
			expect(read(quarter).tensors).toEqual(tensors);
			const { tensors: features } = read(headless);
			for (const [name, tensor] of features) expect(tensor).toEqual(tensors.get(name));
			expect(features.size).toBe(135);
		});
	},
);

describeWithShared("the same network in TensorFlow Lite", [vww, "weights/vww_v1_0.25_96.tflite"], () => {
	test("has the same weights once biases and batch norms are folded", async () => {
		const lite = fold(dequantize(await readModel(shared("weights/vww_v1_0.25_96.tflite"))));
		const keras = fold(read(vww));
		expect([...keras.tensors.keys()].toSorted()).toEqual([...lite.tensors.keys()].toSorted());
		for (const [name, tensor] of keras.tensors) {
			const [a, b] = [tensor, lite.tensors.get(name)!].map((one) =>
				float32Of(one as Parameters<typeof float32Of>[0]),
			) as [Float32Array, Float32Array];
			const scale = a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
			expect(a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0) / scale, name).toBeLessThan(
				1e-5,
			);
		}
	});
});

describeWithShared("damaged HDF5 files", paths, () => {
	/** Of a second, in which every one of them must be read or refused. */
	const longest = 1000;

	/** What it is refused with; what is found takes no more than four times the file. */
	function refusalOf(bytes: Uint8Array): string | undefined {
		const spent = processorTime();
		let outcome: string | undefined;
		try {
			const found = readKerasHdf5({ bytes, name: "model.h5" });
			expect(ownBytes(found)).toBeLessThan(4 * bytes.length + 65_536);
			recognize(found);
		} catch (error) {
			if (!(error instanceof MobileNetError)) throw error;
			expect(error.message).toMatch(/^model\.h5[^\n]+\.$/);
			outcome = error.message;
		}
		expect(spent()).toBeLessThan(longest);
		return outcome;
	}

	function ownBytes({ layers }: Chain): number {
		const buffers = new Set<ArrayBufferLike>();
		for (const layer of layers)
			if (layer.kind === "convolution" || layer.kind === "dense")
				for (const tensor of [layer.weight, layer.bias]) if (tensor) buffers.add(tensor.tensor.data.buffer);
		return [...buffers].reduce((sum, buffer) => sum + buffer.byteLength, 0);
	}

	test.each(paths)("%s cut short at 50 places", (path) => {
		const bytes = bytesOf(path);
		for (let i = 0; i < 50; i++)
			expect(refusalOf(bytes.subarray(0, Math.floor((bytes.length * i) / 50)))).toMatch(/cut short/);
		for (const length of [1, 7, 8, 9, 95, 96, 97, bytes.length - 1])
			expect(refusalOf(bytes.subarray(0, length))).toMatch(/cut short/);
	});

	test.each(paths)("%s grown is the same", (path) => {
		const bytes = bytesOf(path);
		for (const more of [1, 1000, bytes.length]) {
			const grown = new Uint8Array(bytes.length + more).fill(0xa5);
			grown.set(bytes);
			expect(recognize(readKerasHdf5({ bytes: grown, name: path }))).toEqual(read(path));
		}
	});

	test.each(paths)("%s with a bit flipped or noise written at 200 places", (path) => {
		const bytes = bytesOf(path);
		const { uniform } = random(path.length);
		const structure = structureOf(bytes);
		let refusals = 0;
		for (let i = 0; i < 200; i++) {
			const copy = bytes.slice();
			// Most bytes are weights, in which nothing can go wrong: three quarters of the places are among the others.
			const at =
				i % 4 === 0
					? Math.floor(uniform() * bytes.length)
					: structure[Math.floor(uniform() * structure.length)]!;
			if (i % 8 < 4) copy[at]! ^= 1 << Math.floor(uniform() * 8);
			else for (let k = at; k < Math.min(copy.length, at + 16); k++) copy[k] = Math.floor(uniform() * 256);
			if (refusalOf(copy) !== undefined) refusals++;
		}
		// Noise on the structure does not pass unseen.
		expect(refusals).toBeGreaterThan(10);
	});

	test("noise alone, after the right beginning, and where that tells the right length too", () => {
		const { uniform } = random(1);
		const beginning = bytesOf(paths[0]!).subarray(0, 96);
		for (let i = 0; i < 60; i++) {
			const noise = Uint8Array.from({ length: beginning.length + Math.floor(uniform() * 5000) }, () =>
				Math.floor(uniform() * 256),
			);
			expect(refusalOf(noise)).toMatch(/: the superblock should begin with .* is damaged\.$/);
			noise.set(beginning);
			expect(refusalOf(noise)).toMatch(/: it should have \d+ bytes, but has \d+; it is cut short\.$/);
			// The superblock's address of the end of the file.
			new DataView(noise.buffer).setBigUint64(40, BigInt(noise.length), true);
			expect(refusalOf(noise)).toMatch(/ an object header /);
		}
	});

	/** Places in which there are no weights: the runs of 64 bytes that hold many zeros, as tables and offsets do. */
	function structureOf(bytes: Uint8Array): number[] {
		const places: number[] = [];
		for (let start = 0; start + 64 <= bytes.length; start += 64) {
			const zeros = bytes.subarray(start, start + 64).filter((byte) => byte === 0).length;
			if (zeros > 20 && zeros < 60) for (let i = 0; i < 64; i++) places.push(start + i);
		}
		return places;
	}
});
