import { describe, expect, it } from "vitest";
import type { Progress } from "../base/progress.ts";
import { random } from "../base/random.ts";
import { runsInIntegers } from "../engine/arithmetic.ts";
import { createExecutor } from "../engine/executor.ts";
import { integers } from "../engine/integers.ts";
import { int8Plan } from "../engine/plans/int8.ts";
import { readModelFile } from "../formats/safetensors/model-file.ts";
import { writeModel } from "../formats/safetensors/model-writer.ts";
import type { Pixels } from "../image/pixels.ts";
import { loadBuild } from "../kernels/load.ts";
import { MobileNet } from "../model/mobilenet.ts";
import { type ConfigurationOptions, configure } from "../network/configuration.ts";
import { isConvolution, layers } from "../network/layers.ts";
import { initialize } from "../weights/initialize.ts";
import type { Model } from "../weights/model.ts";
import type { Codes } from "../weights/parts.ts";
import type { Tensor } from "../weights/tensor.ts";
import { integerLayer } from "./integer-layer.ts";
import { codesOfPixels } from "./pixel-codes.ts";
import { type QuantizationStage, quantize } from "./quantize.ts";

const size = 40;

/** A small network whose batch norm spreads what it gives out, channel by channel. */
function network(options: ConfigurationOptions = {}): Model {
	const model = initialize(configure({ alpha: 0.25, size, classes: 5, ...options }), { seed: 1 });
	const { normal } = random(2);
	const spread = (name: string, tensor: Tensor): Tensor => {
		if (tensor.dtype !== "F32" || !/\.bn\.(weight|bias)$/.test(name)) return tensor;
		return { ...tensor, data: tensor.data.map((x) => x * (1 + 0.3 * normal()) + 0.3 * normal()) };
	};
	return {
		...model,
		tensors: new Map([...model.tensors].map(([name, tensor]) => [name, spread(name, tensor)])),
	};
}

/** Smooth patches of color. */
function picture(seed: number, channels = 3): Pixels {
	const { uniform } = random(seed);
	const [a, b, c] = [uniform(), uniform(), uniform()];
	const data = Uint8Array.from(
		{ length: size * size * channels },
		(_, i) => 127.5 + 120 * Math.sin(i * a * 0.01 + b * 6) * Math.cos((i % 97) * c * 0.05) + 6 * uniform(),
	);
	return { data, width: size, height: size, channels };
}
const pictures = (count: number, channels = 3): Pixels[] =>
	Array.from({ length: count }, (_, n) => picture(n + 10, channels));

describe("a quantized model", () => {
	it("runs in integers, can be written and read, and keeps what the network is", async () => {
		const labels = ["a", "b", "c", "d", "e"].map((name) => ({ name }));
		const model: Model = { ...network(), labels, sureFrom: 0.4 };
		const { model: quantized } = await quantize(model, pictures(4));
		expect(runsInIntegers(quantized)).toBe(true);
		expect(readModelFile(writeModel(quantized), "it")).toEqual(quantized);
		expect(quantized.configuration).toEqual(model.configuration);
		expect(quantized.labels).toEqual(labels);
		expect(quantized.sureFrom).toBe(0.4);
		expect(quantized.preprocessing).toEqual({
			...model.preprocessing,
			// Pixels are codes: the mean is a whole number, and the first layer makes up for the rest.
			mean: [128, 128, 128],
		});
		expect(quantized.source.notes).toEqual([
			...model.source.notes,
			"Quantized to int8 with 4 calibration pictures, ranges by mse, biases corrected.",
		]);
	});

	it("is computed by the engine as it was when it was made, layer by layer", async () => {
		const { model } = await quantize(network(), pictures(6));
		const { loaded: float } = await loadBuild();
		const { loaded } = await loadBuild({ kernelSet: "integer" });
		const table = layers(model.configuration);
		const keep = table.map(({ name }) => name);
		const executor = createExecutor(
			int8Plan(model, { build: loaded.build, batch: 1, keep }),
			integers(model),
			loaded,
		);
		const { data } = picture(1);
		executor.pixels.set(data);
		executor.run("bytes", 1);

		const numbers = (name: string) => model.tensors.get(name)!.data;
		const codesAt = (prefix: string): Codes => ({
			scale: numbers(`${prefix}.scale`)[0]!,
			zeroPoint: numbers(`${prefix}.zero_point`)[0]!,
		});
		let input = codesAt("input");
		let codes = codesOfPixels(data as Uint8Array, model);
		let [all, other] = [0, 0];
		for (const layer of table) {
			const prefix = isConvolution(layer) ? `${layer.name}.conv` : layer.name;
			const own =
				layer.kind === "pool"
					? undefined
					: {
							weights: numbers(`${prefix}.weight`) as Int8Array,
							scales: numbers(`${prefix}.scale`) as Float32Array,
							bias: numbers(`${prefix}.bias`) as Int32Array,
						};
			const output = codesAt(`${layer.name}.output`);
			const run = integerLayer(layer, { integers: own, input, output }, model, float);
			const expected = run(codes);
			const got = executor.read(layer.name, 0);
			for (const [i, code] of expected.entries()) {
				const apart = Math.abs(got[i]! / output.scale - (code - output.zeroPoint));
				// A sum next to a half is rounded to either side.
				expect(apart).toBeLessThan(1.01);
				if (apart > 0.01) other++;
			}
			all += expected.length;
			// From the engine's codes on, so that differences do not add up.
			codes = Int8Array.from(got, (x) => Math.round(x / output.scale) + output.zeroPoint);
			input = output;
		}
		expect(other / all).toBeLessThan(1e-3);
	});

	it("gives nearly the outputs of the network in float, and the report says how nearly", async () => {
		const { model, report } = await quantize(network(), pictures(12));
		expect(report).toMatchObject({ pictures: 12, compared: 12, range: "mse", biasCorrection: true });
		expect(report.layers.map(({ layer }) => layer)).toEqual(
			layers(model.configuration).map(({ name }) => name),
		);
		for (const { layer, seen, covered, signalToNoise, weightSignalToNoise } of report.layers) {
			expect(signalToNoise, layer).toBeGreaterThan(15);
			expect(covered[1] - covered[0], layer).toBeGreaterThan(0);
			expect(seen[0], layer).toBeLessThanOrEqual(0);
			if (layer === "pool") expect(weightSignalToNoise).toBeUndefined();
			// 255 steps over at most twice the largest weight: a good 30 dB.
			else expect(weightSignalToNoise, layer).toBeGreaterThan(30);
		}
		const [float, integer] = [await MobileNet.from(network()), await MobileNet.from(model)];
		expect(integer.arithmetic).toBe("integer");
		const [expected, got] = await Promise.all([float.embed(picture(3)), integer.embed(picture(3))]);
		const error = Math.hypot(...got.map((x, i) => x - expected[i]!)) / Math.hypot(...expected);
		expect(error).toBeLessThan(0.2);
	});

	it("is nearer to float with biases corrected", async () => {
		const poolOf = async (biasCorrection: boolean): Promise<number> => {
			const { report } = await quantize(network(), pictures(12), { biasCorrection });
			return report.layers.find(({ layer }) => layer === "pool")!.signalToNoise;
		};
		expect(await poolOf(true)).toBeGreaterThan(await poolOf(false));
	});

	it.each([
		{ title: "without classifier", options: { head: false }, channels: 3 },
		{ title: "of gray pictures", options: { inputChannels: 1 }, channels: 1 },
		{ title: "with ReLU", options: { activation: "relu" }, channels: 3 },
		{ title: "of the tutorial", options: { preset: "tutorial" }, channels: 3 },
		{ title: "of PyTorch", options: { preset: "torch" }, channels: 3 },
	] as const)("can be one $title", async ({ options, channels }) => {
		const { model, report } = await quantize(network(options), pictures(4, channels));
		expect(runsInIntegers(model)).toBe(true);
		for (const { layer, signalToNoise } of report.layers) expect(signalToNoise, layer).toBeGreaterThan(10);
		expect(report.agreement === undefined).toBe(!model.configuration.head);
	});

	it("can be quantized again, from its integers", async () => {
		const { model } = await quantize(network(), pictures(6));
		const { model: again, report } = await quantize(model, pictures(6));
		expect(runsInIntegers(again)).toBe(true);
		expect(again.preprocessing).toEqual(model.preprocessing);
		expect(report.layers.at(-1)!.signalToNoise).toBeGreaterThan(15);
	});
});

describe("calibration", () => {
	it("tells how far it is", async () => {
		const seen: Progress<QuantizationStage>[] = [];
		await quantize(network(), pictures(3), { onProgress: (progress) => seen.push(progress) });
		const count = layers(network().configuration).length;
		expect(seen).toEqual([
			...[1, 2, 3].map((loaded) => ({ loaded, total: 3, source: "calibrate" })),
			...Array.from({ length: count }, (_, n) => ({ loaded: n + 1, total: count, source: "quantize" })),
			...[1, 2, 3].map((loaded) => ({ loaded, total: 3, source: "compare" })),
		]);
	});

	it("leaves out pictures that cannot be read if somebody is told, else fails", async () => {
		const sources = [picture(1), new Uint8Array([1, 2, 3]), picture(2)];
		const told: unknown[] = [];
		const { report } = await quantize(network(), sources, { onUnreadable: (source) => told.push(source) });
		expect(report.pictures).toBe(2);
		expect(told).toEqual([sources[1]]);
		await expect(quantize(network(), sources)).rejects.toMatchObject({ code: "picture" });
	});

	it("takes pictures as they come", async () => {
		const source = async function* () {
			yield* pictures(2);
		};
		expect((await quantize(network(), source())).report.pictures).toBe(2);
	});

	it("stops when it is told to", async () => {
		const controller = new AbortController();
		const stopped = quantize(network(), pictures(3), {
			signal: controller.signal,
			onProgress: ({ source }) => source === "quantize" && controller.abort(),
		});
		await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
	});

	it.each<readonly [string, () => Promise<unknown>, { code: string; message: RegExp }]>([
		[
			"no pictures",
			() => quantize(network(), []),
			{ code: "usage", message: /^there are no calibration pictures: give a hundred or more\.$/ },
		],
		[
			"another range",
			() => quantize(network(), pictures(1), { range: "median" as "mse" }),
			{ code: "usage", message: /^range must be minmax, percentile, mse, not "median"\.$/ },
		],
		[
			"leaky ReLU",
			() => quantize(network({ activation: "leakyRelu" }), pictures(1)),
			{ code: "unsupported", message: /^a network with leaky ReLU cannot be quantized here: .*\.$/ },
		],
		[
			"weights that are not finite",
			() => quantize(broken("blocks.3.pointwise.conv.weight", Number.NaN), pictures(1)),
			{
				code: "broken-file",
				message:
					/^blocks\.3\.pointwise\.conv\.weight has numbers that are not finite: the weights are damaged\.$/,
			},
		],
		[
			"a preprocessing that is none",
			() => {
				const model = network();
				const preprocessing = { ...model.preprocessing, fit: { shorterSide: 0 } };
				return quantize({ ...model, preprocessing }, pictures(1));
			},
			{ code: "usage", message: /^preprocessing\.fit must be .*, not \{"shorterSide":0\}\.$/ },
		],
		[
			"activations that are not finite",
			() => quantize(broken("classifier.weight", 3e38), pictures(1)),
			{ code: "broken-file", message: /^the output of layer classifier is not finite on .*\.$/ },
		],
		[
			"labels without a classifier",
			() => quantize(network({ head: false }), pictures(1), { labeled: [{ source: picture(1), index: 0 }] }),
			{ code: "usage", message: /^the model has no classifier, so its accuracy cannot be measured: .*\.$/ },
		],
		[
			"a class that there is not",
			() => quantize(network(), pictures(1), { labeled: [{ source: picture(1), index: 5 }] }),
			{ code: "usage", message: /^a labeled picture's index must be a class from 0 to 4, not 5\.$/ },
		],
	])("refuses %s", async (_, attempt, { code, message }) => {
		await expect(attempt()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
	});
});

describe("accuracy", () => {
	it("is measured where classes are known, for both networks", async () => {
		const model = network();
		const float = await MobileNet.from(model);
		const sources = pictures(10);
		const answers = await float.classify(sources, { top: 1 });
		const labeled = sources.map((source, n) => ({ source, index: answers[n]![0]!.index }));
		// The last one is wrong.
		labeled[9]!.index = (labeled[9]!.index + 1) % 5;
		const { report, model: quantized } = await quantize(model, sources, { labeled });
		expect(report.accuracy).toMatchObject({ pictures: 10, float: { top1: 0.9, top5: 1 } });

		const integer = await MobileNet.from(quantized);
		const right = (await integer.classify(sources, { top: 1 })).filter(
			([best], n) => best!.index === labeled[n]!.index,
		);
		expect(report.accuracy!.integer).toEqual({ top1: right.length / 10, top5: 1 });
	});
});

/** The small network with one number of a tensor, or all of them, in the place of its own. */
function broken(name: string, value: number): Model {
	const model = network();
	const tensor = model.tensors.get(name) as Extract<Tensor, { dtype: "F32" }>;
	const data = tensor.data.slice();
	if (Number.isNaN(value)) data[3] = value;
	else data.fill(value);
	return { ...model, tensors: new Map([...model.tensors, [name, { ...tensor, data }]]) };
}
