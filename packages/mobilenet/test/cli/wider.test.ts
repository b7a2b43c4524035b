/** Networks as people make them on the command line: what `inspect` tells of them, and their vectors. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../src/formats/safetensors/model-writer.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { type ConfigurationOptions, configure } from "../../src/network/configuration.ts";
import { initialize } from "../../src/weights/initialize.ts";
import { float32 } from "../../src/weights/tensor.ts";
import { mobilenet } from "../support/cli.ts";

const small = { alpha: 0.1, size: 33, classes: 2, depth: "shallow", channelRounding: "truncate" } as const;
let folder: string;
const place = (name: string): string => join(folder, name);

beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), "mobilenet-"));
	const write = (name: string, options: ConfigurationOptions) =>
		writeFileSync(place(`${name}.safetensors`), writeModel(initialize(configure({ ...small, ...options }))));
	write("keras", {
		...{ padding: "keras", stemPadding: "same", pooling: "max", output: "sigmoid" },
		headLayers: [
			{ units: 9, activation: "relu" },
			{ units: 4, activation: "tanh" },
		],
	});
	write("flat", { pooling: "none", classes: 3, output: "sigmoid" });
	const { tensors, ...rest } = initialize(configure(small));
	const bounds = (high: number) => float32([0, high]);
	const bounded = new Map([...tensors, ["stem.bounds", bounds(2)], ["blocks.1.depthwise.bounds", bounds(4)]]);
	writeFileSync(place("bounds.safetensors"), writeModel({ ...rest, tensors: bounded }));
	await sharp({ create: { width: 50, height: 40, channels: 3, background: "#c86432" } })
		.png()
		.toFile(place("picture.png"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function rowsOf(name: string): Promise<Readonly<Record<string, string>>> {
	const { exitCode, stdout } = await mobilenet(["inspect", place(`${name}.safetensors`)]);
	expect(exitCode).toBe(0);
	return Object.fromEntries(stdout.split("\n").map((line) => line.split(/ {2,}/) as [string, string]));
}

describe("mobilenet inspect", () => {
	it("tells paddings, pool, head and outputs", async () => {
		expect(await rowsOf("keras")).toMatchObject({
			output: "2 classes from one number; sigmoid",
			pool: "the maximum of each channel",
			head: "9 relu, 4 tanh",
			padding:
				"Keras's (1 at the bottom and right where the stride is 2, at every size); the first convolution TensorFlow's (the odd pixel at the bottom and right)",
			channels: "⌊αc⌋",
		});
		expect(await rowsOf("flat")).toMatchObject({
			output: "3 classes; sigmoid",
			pool: "none: the last feature map is flattened, so the network runs only at this size",
		});
	});

	it("tells how many layers end where their codes do", async () => {
		expect((await rowsOf("bounds")).activation).toBe(
			"clipped to the range of the integer codes in 2 layers, otherwise relu6",
		);
		expect((await rowsOf("flat")).activation).toBe("relu6");
	});
});

describe("vectors of networks that do not average", () => {
	it.each([
		["keras", 102],
		["flat", 2 * 2 * 102],
	])("%s has %i numbers", async (name, features) => {
		const output = place(`${name}.npy`);
		const model = place(`${name}.safetensors`);
		const { exitCode } = await mobilenet(["embed", "--model", model, place("picture.png"), "-o", output]);
		expect(exitCode).toBe(0);
		const bytes = readFileSync(output);
		expect(bytes.toString("latin1", 10, 128)).toContain(`'shape': (1, ${features})`);
		using network = await MobileNet.load(model);
		const vector = await network.embed(place("picture.png"));
		expect(bytes.subarray(bytes.length - 4 * features)).toEqual(Buffer.from(vector.buffer));
	});
});

it("classify says each class's own probability", async () => {
	const args = ["--model", place("flat.safetensors"), "--json", "--top", "3", place("picture.png")];
	const { stdout } = await mobilenet(["classify", ...args]);
	const { predictions } = JSON.parse(stdout) as { predictions: { probability: number }[] };
	using network = await MobileNet.load(place("flat.safetensors"));
	const logits = [...(await network.features(place("picture.png"), "classifier")).data];
	const expected = logits.map((x) => 1 / (1 + Math.exp(-x))).sort((a, b) => b - a);
	for (const [i, { probability }] of predictions.entries()) expect(probability).toBeCloseTo(expected[i]!, 4);
});
