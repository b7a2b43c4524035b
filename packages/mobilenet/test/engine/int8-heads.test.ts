/**
 * Networks with other heads, and with leaky ReLU, in integers: quantized, written, read again, and run on every build with the same codes, close
 * to their float networks.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { random } from "../../src/base/random.ts";
import { readModelFile } from "../../src/formats/safetensors/model-file.ts";
import { writeModel } from "../../src/formats/safetensors/model-writer.ts";
import type { Pixels } from "../../src/image/pixels.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { type ConfigurationOptions, configure } from "../../src/network/configuration.ts";
import { isConvolution } from "../../src/network/layers.ts";
import { quantize } from "../../src/quantization/quantize.ts";
import { initialize } from "../../src/weights/initialize.ts";
import type { Model } from "../../src/weights/model.ts";
import { type LayerParts, partsOf, tensorsOf } from "../../src/weights/parts.ts";
import { buildsHere } from "../support/builds.ts";

const small = { alpha: 0.25, depth: "shallow", size: 64, classes: 5 } as const;
const cases: Readonly<Record<string, ConfigurationOptions>> = {
	"two dense layers with ReLU": {
		...small,
		headLayers: [
			{ units: 12, activation: "relu" },
			{ units: 9, activation: "relu6" },
		],
	},
	"dense layers with tanh and sigmoid": {
		...small,
		headLayers: [
			{ units: 12, activation: "tanh" },
			{ units: 9, activation: "sigmoid" },
			{ units: 10, activation: "none" },
		],
	},
	"the greatest of each channel": { ...small, pooling: "max" },
	"all numbers of the picture": { ...small, pooling: "none" },
	"several labels": { ...small, output: "sigmoid" },
	"one output": { ...small, classes: 2, output: "sigmoid" },
	"Keras's zeros at an odd size": { ...small, size: 75, padding: "keras" },
};

/** Pictures of stripes and noise, which a network with random weights tells apart. */
function pictures(size: number, count: number): Pixels[] {
	const { uniform } = random(11);
	return Array.from({ length: count }, (_, n) => ({
		width: size,
		height: size,
		channels: 3,
		data: Uint8Array.from({ length: size * size * 3 }, (_, i) =>
			Math.min(255, 128 + 100 * Math.sin((i / 3) * (0.01 + 0.05 * n)) + 40 * uniform()),
		),
	}));
}

function networkOf(options: ConfigurationOptions): Model {
	const made = initialize(configure(options), { seed: 5 });
	const { normal } = random(3);
	for (const [name, tensor] of made.tensors)
		if (/^(head|classifier).*bias$/.test(name)) tensor.data.set(tensor.data.map(() => 0.3 * normal()));
	return made;
}

/** A network with leaky ReLU in codes, as onnxruntime quantizes one: those of its convolutions, and those after the table. */
async function leakyOf(options: ConfigurationOptions, calibration: readonly Pixels[]): Promise<Model> {
	const { model } = await quantize(networkOf({ ...options, activation: "relu" }), calibration);
	const configuration = configure({ ...options, activation: "leakyRelu", leakySlope: 0.1 });
	const { input, layers } = partsOf(model);
	const leaky = layers.map((own): LayerParts => {
		if (!own.weight || !own.output || !isConvolution(own.layer)) return own;
		const { scale } = own.output;
		const linear = { scale: 2 * scale, zeroPoint: 0 };
		return { ...own, bounds: undefined, linear, output: { scale, zeroPoint: -100 } };
	});
	return { ...model, configuration, tensors: tensorsOf({ input, layers: leaky }) };
}

describe.each(Object.entries(cases))("%s", (_, options) => {
	const size = options.size ?? 64;
	const float = networkOf(options);
	const shown = pictures(size, 6);
	let quantized: Model;
	beforeAll(async () => {
		const { model } = await quantize(float, pictures(size, 24));
		quantized = readModelFile(writeModel(model), "quantized");
		expect(quantized.tensors.get("stem.conv.weight")?.dtype).toBe("I8");
	});

	test("in integers is close to what it is in floats, and the same on every build", async () => {
		using real = await MobileNet.from(float);
		let first: number[][] | undefined;
		for (const build of buildsHere) {
			using mobilenet = await MobileNet.from(quantized, { build });
			const answers: number[][] = [];
			for (const picture of shown) {
				const all = async (network: MobileNet) =>
					(await network.classify(picture, { top: 5 }))
						.toSorted((a, b) => a.index - b.index)
						.map(({ probability }) => probability);
				const [mine, theirs] = [await all(mobilenet), await all(real)];
				for (const [c, probability] of theirs.entries())
					expect(Math.abs(mine[c]! - probability)).toBeLessThan(0.06);
				answers.push(mine);
			}
			first ??= answers;
			for (const [n, row] of answers.entries())
				for (const [c, probability] of row.entries()) expect(probability).toBeCloseTo(first[n]![c]!, 6);
		}
	});
});

test("leaky ReLU in codes is close to what it is in floats, and the same on every build", async () => {
	const model = await leakyOf(small, pictures(64, 24));
	const quantized = readModelFile(writeModel(model), "quantized");
	using real = await MobileNet.from(quantized, { arithmetic: "float" });
	let first: number[][] | undefined;
	for (const build of buildsHere) {
		using mobilenet = await MobileNet.from(quantized, { build });
		expect(mobilenet.arithmetic).toBe("integer");
		const answers: number[][] = [];
		for (const picture of pictures(64, 6)) {
			const { data } = await mobilenet.features(picture, "classifier");
			const { data: expected } = await real.features(picture, "classifier");
			const largest = Math.max(...expected.map(Math.abs));
			for (const [c, logit] of expected.entries())
				expect(Math.abs(data[c]! - logit)).toBeLessThan(0.2 * largest);
			answers.push([...data]);
		}
		first ??= answers;
		expect(answers).toEqual(first);
	}
});
