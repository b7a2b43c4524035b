/**
 * The tutorial, three times: in PyTorch (make-tutorial.py), in plain TypeScript (examples/tutorial/mobilenet.ts), and on the
 * engine. The same weights after a seed, bit for bit, and the same numbers.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Tensor as Picture, MobileNet as Plain } from "../../../../examples/tutorial/mobilenet.ts";
import { MobileNet } from "../../src/index.ts";
import { type ConfigurationOptions, configure } from "../../src/network/configuration.ts";
import { isConvolution, layers } from "../../src/network/layers.ts";
import { initialize } from "../../src/weights/initialize.ts";
import { type Model, usualPreprocessing } from "../../src/weights/model.ts";
import { partsOf } from "../../src/weights/parts.ts";
import { buildsHere } from "../support/builds.ts";
import { describeWithShared, shared } from "../support/shared.ts";
import { readGolden } from "./sets.ts";

const tolerance = 1e-4;
const { tensors, metadata } = readGolden(fileURLToPath(new URL("tutorial.safetensors", import.meta.url)));
const tutorial = configure({ preset: "tutorial" });

/** [height][width][channels], as the engine has pictures, to [channels][height][width], as the tutorial has them. */
function turned(data: ArrayLike<number>, size: number, channels: number): Picture {
	const turned = Float32Array.from({ length: data.length }, (_, i) => {
		const [channel, pixel] = [Math.floor(i / size ** 2), i % size ** 2];
		return data[pixel * channels + channel]!;
	});
	return { shape: [channels, size, size], data: turned };
}

/** The plain network with the weights of a model. */
function plainOf(model: Model): Plain {
	const { classes, alpha } = model.configuration;
	const plain = new Plain(classes, alpha);
	const values = partsOf(model).layers.flatMap(({ layer, weight, bias, norm }) => {
		if (!weight) return [];
		return isConvolution(layer)
			? [weight, norm!.weight, norm!.bias, norm!.mean, norm!.variance]
			: [weight, bias!];
	});
	expect(plain.parameters.length).toBe(values.length);
	for (const [i, parameter] of plain.parameters.entries()) parameter.set(values[i]!.data as Float32Array);
	return plain;
}

function apart(got: ArrayLike<number>, expected: ArrayLike<number>): number {
	expect(got.length).toBe(expected.length);
	return Array.from(got).reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i]!)), 0);
}

describe("weights after PyTorch's seed", () => {
	const digests = Object.entries(JSON.parse(metadata.digests!) as Record<string, string>);

	it.each(digests)("%s are PyTorch's, bit for bit", (seed, digest) => {
		const hash = createHash("sha256");
		for (const { weight, bias, layer } of partsOf(initialize(tutorial, { torchSeed: Number(seed) })).layers)
			for (const tensor of isConvolution(layer) ? [weight] : [weight, bias])
				if (tensor) hash.update(tensor.data as Float32Array);
		expect(hash.digest("hex")).toBe(digest);
	});

	it("are those of MobileNet.create, too; a seed that is none is refused", async () => {
		expect(digests).toHaveLength(5);
		const { model } = await MobileNet.create({ preset: "tutorial" }, { torchSeed: 0 });
		expect(model.tensors).toEqual(initialize(tutorial, { torchSeed: 0 }).tensors);
		expect(model.source.notes).toEqual(["Begun with the random weights of PyTorch (seed 0)."]);
		expect(() => initialize(tutorial, { torchSeed: -1 })).toThrow(/^a seed must be a whole number/);
	});
});

describe("the plain network", () => {
	it("gives PyTorch's logits in training mode, with the weights of its seed", () => {
		const pixels = Float32Array.from(tensors.get("pixels")!.data, (pixel) => (pixel - 127.5) / 127.5);
		const expected = tensors.get("logits")!.data as Float32Array;
		const range = Math.max(...expected) - Math.min(...expected);
		const plain = plainOf(initialize(tutorial, { torchSeed: 0 }));
		const x = turned(pixels, 224, 3);
		expect(apart(plain.logits(x).data, expected) / range).toBeLessThan(tolerance);
		const probabilities = plain.forward(x).data;
		expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
		// Evaluated, such a network answers the same to every picture.
		plain.training = false;
		const answers = [x, { ...x, data: x.data.map((value) => -value) }].map((one) => plain.logits(one).data);
		expect(apart(answers[0]!, answers[1]!)).toBeLessThan(1e-6);
	}, 60_000);

	it("runs as it stands", () => {
		const file = fileURLToPath(new URL("../../../../examples/tutorial/mobilenet.ts", import.meta.url));
		expect(execFileSync(process.execPath, [file], { encoding: "utf8" })).toBe("[ 1, 1000 ]\n");
	}, 60_000);
});

const golden = "golden/forward_tutorial.safetensors";
describeWithShared("the plain network and the engine", [golden], () => {
	it("give PyTorch's activations and logits, layer by layer, on every build", async () => {
		const { tensors, metadata } = readGolden(shared(golden));
		const configuration = configure(JSON.parse(metadata.config!) as ConfigurationOptions);
		const model: Model = {
			configuration,
			tensors: new Map([...tensors].filter(([key]) => /^(stem|blocks|classifier)/.test(key))),
			preprocessing: usualPreprocessing(3),
			source: { format: "golden", assumed: [], notes: [] },
		};
		const { size, classes } = configuration;
		const input = (tensors.get("input")!.data as Float32Array).subarray(0, size * size * 3);
		const plain = plainOf(model);
		plain.training = false;

		const activations = new Map<string, Float32Array>();
		let x = turned(input, size, 3);
		const next = (name: string, modules: Plain["firstConv"]["modules"]): void => {
			x = modules.reduce((y, module) => module.forward(y, false), x);
			activations.set(name, x.data);
		};
		next("stem", plain.firstConv.modules);
		for (const [i, block] of plain.layers.modules.entries()) {
			const { modules } = block as Plain["firstConv"];
			next(`blocks.${i}.depthwise`, modules.slice(0, 3));
			next(`blocks.${i}.pointwise`, modules.slice(3));
		}
		activations.set("logits", plain.logits(turned(input, size, 3)).data);
		for (const { name, outputSize, outputChannels } of layers(configuration).filter(isConvolution)) {
			const expected = (tensors.get(`activation.${name}`)!.data as Float32Array).subarray(
				0,
				outputSize ** 2 * outputChannels,
			);
			expect(
				apart(activations.get(name)!, turned(expected, outputSize, outputChannels).data),
				name,
			).toBeLessThan(tolerance);
		}
		const logits = (tensors.get("activation.logits")!.data as Float32Array).subarray(0, classes);
		expect(apart(activations.get("logits")!, logits)).toBeLessThan(tolerance);
		for (const build of buildsHere) {
			const network = await MobileNet.from(
				{ ...model, configuration: { ...configuration, output: "logits" } },
				{ build },
			);
			expect(
				apart(await network.run(Float32Array.from(input)), activations.get("logits")!),
				build,
			).toBeLessThan(tolerance);
			network.dispose();
		}
	});
});
