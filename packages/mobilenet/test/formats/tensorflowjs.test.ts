/**
 * The real TensorFlow.js networks of ../shared/weights, read: what the README there says of them, every number of
 * every weight (by the hash it gives), and what happens when their files are damaged.
 */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { MobileNetError } from "../../src/base/error.ts";
import { recognize } from "../../src/formats/chain/recognize.ts";
import type { ModelFile } from "../../src/formats/file.ts";
import { readModel } from "../../src/formats/index.ts";
import { openFile } from "../../src/formats/opened.ts";
import { readTensorFlowJs } from "../../src/formats/tensorflowjs/read.ts";
import { configure } from "../../src/network/configuration.ts";
import { checkTensors } from "../../src/weights/check.ts";
import type { Model } from "../../src/weights/model.ts";
import type { Tensor } from "../../src/weights/tensor.ts";
import { kerasOf } from "../support/keras.ts";
import { describeWithShared, shared } from "../support/shared.ts";

/** α and the sha256 of all weight files joined in the order of the manifest: ../shared/weights/README.md. */
const networks = [
	["mobilenet_v1_0.25_224_tfjs", 0.25, "eb49857447f6089e7e392f7991f3f4fdce1936efaf83d535f5eb8aaba9538e0b"],
	["mobilenet_v1_1.0_224_tfjs", 1, "7fe8ea38b71f7c295aef6b6fd62979708566096f0d7f522947666be4f12b4069"],
] as const;
const quarter = `weights/${networks[0][0]}`;

interface Manifest {
	weightsManifest: { paths: string[]; weights: { name: string; shape: number[] }[] }[];
}

describeWithShared(
	"the TensorFlow.js networks",
	networks.map(([name]) => `weights/${name}`),
	() => {
		test.each(networks)("%s: configuration, preprocessing, labels", async (name, alpha) => {
			const model = await readModel(shared(`weights/${name}`));
			expect(model.configuration).toEqual(configure({ preset: "tf", alpha, classes: 1000 }));
			expect(model.preprocessing).toEqual({
				mean: [127.5, 127.5, 127.5],
				std: [127.5, 127.5, 127.5],
				channelOrder: "rgb",
				filter: "pillow-bilinear",
				fit: "stretch",
			});
			expect(model.source).toEqual({
				format: "TensorFlow.js layers model",
				assumed: ["mean", "std", "channelOrder", "filter", "fit", "labels"],
				notes: [],
			});
			const lines = readFileSync(shared("weights/imagenet_labels.txt"), "utf8").trim().split("\n");
			expect(model.labels?.map(({ name: first, synonyms = [] }) => [first, ...synonyms].join(", "))).toEqual(
				lines,
			);
			checkTensors(model);
		});

		test.each(networks)(
			"%s: every weight, laid out as Keras has it again, has the hash of the files",
			async (name, _, hash) => {
				const model = await readModel(shared(`weights/${name}/model.json`));
				expect(model.tensors.size).toBe(137);
				const { weightsManifest } = JSON.parse(
					readFileSync(shared(`weights/${name}/model.json`), "utf8"),
				) as Manifest;
				const sha256 = createHash("sha256");
				for (const { name: weight, shape } of weightsManifest.flatMap(({ weights }) => weights))
					sha256.update(kerasLayout(model, weight, shape));
				expect(sha256.digest("hex")).toBe(hash);
			},
		);
	},
);

/** The bytes of a tensor where Keras has it: its name there, its axes in Keras's order. */
function kerasLayout({ tensors }: Model, weight: string, shape: readonly number[]): Uint8Array {
	const [layer, part] = weight.split("/") as [string, string];
	const number = Number(/_(\d+)/.exec(layer)?.[1]) - 1;
	const prefix = layer.startsWith("conv_dw")
		? `blocks.${number}.depthwise`
		: layer.startsWith("conv_pw")
			? `blocks.${number}.pointwise`
			: layer === "conv_preds"
				? "classifier"
				: "stem";
	const own = {
		kernel: prefix === "classifier" ? "weight" : "conv.weight",
		depthwise_kernel: "conv.weight",
		bias: "bias",
		gamma: "bn.weight",
		beta: "bn.bias",
		moving_mean: "bn.running_mean",
		moving_variance: "bn.running_var",
	}[part];
	const { data } = tensors.get(`${prefix}.${own}`) as Extract<Tensor, { dtype: "F32" }>;
	if (shape.length === 1) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
	const [height, width, a, b] = shape as [number, number, number, number];
	const [inputs, outputs] = part === "depthwise_kernel" ? [1, a] : [a, b];
	const turned = new Float32Array(data.length);
	for (let o = 0; o < outputs; o++)
		for (let i = 0; i < inputs; i++)
			for (let p = 0; p < height * width; p++)
				turned[(p * inputs + i) * outputs + o] = data[(o * inputs + i) * height * width + p]!;
	return new Uint8Array(turned.buffer);
}

/** A model.json whose shards lie in memory. */
function inMemory(json: string | Uint8Array, shards: ReadonlyMap<string, Uint8Array>): ModelFile {
	return {
		name: "model.json",
		bytes: typeof json === "string" ? new TextEncoder().encode(json) : json,
		beside: async (path) => {
			const shard = shards.get(path);
			if (!shard) throw new MobileNetError("not-found", `${path} cannot be read: there is no such file.`);
			return shard;
		},
	};
}

const read = async (file: ModelFile) => recognize(await readTensorFlowJs(await openFile(file)));

async function refusal(file: ModelFile): Promise<string> {
	try {
		await read(file);
	} catch (error) {
		expect(error).toBeInstanceOf(MobileNetError);
		expect((error as MobileNetError).message).toMatch(/^model\.json[^\n]*\.$/);
		return `${(error as MobileNetError).code}: ${(error as MobileNetError).message}`;
	}
	throw new Error("it was read");
}

/** Numbers that look random and are the same every time (a linear congruential generator). */
function noise(bytes: Uint8Array, from: number, to: number, seed: number): Uint8Array<ArrayBuffer> {
	const noisy = new Uint8Array(bytes);
	let state = seed + 1;
	for (let i = from; i < to; i++) {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		noisy[i] = state >>> 24;
	}
	return noisy;
}

describeWithShared("damaged TensorFlow.js files", [quarter], () => {
	const json = new Uint8Array(readFileSync(shared(`${quarter}/model.json`)));
	const shards = new Map(
		readdirSync(shared(quarter))
			.filter((name) => name.startsWith("group"))
			.map((name) => [name, new Uint8Array(readFileSync(shared(`${quarter}/${name}`)))]),
	);

	test("are not those: whole, it is read", async () => {
		expect((await read(inMemory(json, shards))).configuration.alpha).toBe(0.25);
	});

	test("a model.json cut short", async () => {
		for (const length of [1, 2, 100, json.length >> 1, json.length - 2, json.length - 1])
			expect(await refusal(inMemory(json.subarray(0, length), shards))).toMatch(
				/^broken-file: model\.json: it starts like JSON but is none .*; it is cut short or damaged\.$/,
			);
	});

	test("a model.json overwritten with noise", async () => {
		for (let from = 1; from < json.length - 64; from += 997)
			expect(await refusal(inMemory(noise(json, from, from + 64, from), shards))).toMatch(/^broken-file/);
	});

	test("every shard cut short, one byte too long, missing", async () => {
		for (const [name, bytes] of shards) {
			const without = new Map(shards);
			for (const length of [0, 1, bytes.length >> 1, bytes.length - 1])
				expect(await refusal(inMemory(json, without.set(name, bytes.subarray(0, length))))).toBe(
					`broken-file: model.json: the shards ["${name}"] should have ${bytes.length} bytes for the weights in them, but they have ${length}; they are cut short or not of this model.`,
				);
			const longer = new Uint8Array(bytes.length + 1);
			expect(await refusal(inMemory(json, without.set(name, longer)))).toContain("but they have more");
			without.delete(name);
			expect(await refusal(inMemory(json, without))).toBe(
				`broken-file: model.json lacks a part of its weights: ${name} cannot be read: there is no such file.`,
			);
		}
	});

	test("shards of noise: a float in 256 is none, so all but the smallest shards show it", async () => {
		for (const [name, bytes] of shards)
			if (bytes.length >= 16_384)
				expect(
					await refusal(inMemory(json, new Map(shards).set(name, noise(bytes, 0, bytes.length, 7)))),
				).toMatch(/^broken-file: .*(are not all numbers|has a negative variance)/);
	});
});

describe("what a manifest may not say", () => {
	const small = kerasOf(configure({ alpha: 0.25, size: 32, classes: 3 }));

	/** A small network as files: all weights in one group of so many shards. */
	function files(shardCount: number): {
		json: Manifest & { modelTopology: unknown };
		shards: Map<string, Uint8Array>;
	} {
		const weights = [...small.weights].map(([name, { shape }]) => ({
			name,
			shape: [...shape],
			dtype: "float32",
		}));
		const all = Buffer.concat([...small.weights.values()].map(({ data }) => new Uint8Array(data.buffer)));
		const paths = Array.from({ length: shardCount }, (_, i) => `shard${i}.bin`);
		const step = Math.ceil(all.length / shardCount);
		const shards = new Map(
			paths.map((path, i) => [path, new Uint8Array(all.subarray(i * step, (i + 1) * step))]),
		);
		return {
			json: { modelTopology: { model_config: small.topology }, weightsManifest: [{ paths, weights }] },
			shards,
		};
	}

	const file = ({ json, shards }: { json: unknown; shards: ReadonlyMap<string, Uint8Array> }) =>
		inMemory(JSON.stringify(json), shards);

	test("several shards of a group, cut anywhere, are one", async () => {
		const one = await read(file(files(1)));
		const many = await read(file(files(7)));
		expect(many).toEqual(one);
		expect(one.configuration).toMatchObject({ alpha: 0.25, size: 32, classes: 3 });
	});

	test("the ways out of the folder", async () => {
		for (const path of [
			"../secret.bin",
			"a/../../b",
			"/etc/passwd",
			"C:\\weights.bin",
			"..\\b",
			"https://example.org/b",
			"%2e%2e/b",
			"file:b",
			"a//b",
			"./a",
			"a?b",
			"",
			7,
		]) {
			const { json, shards } = files(1);
			json.weightsManifest[0]!.paths = [path as string];
			expect(await refusal(file({ json, shards }))).toBe(
				`broken-file: model.json: its weightsManifest has the shard ${JSON.stringify(path)} where the path of a file in its folder was expected.`,
			);
		}
	});

	test("a folder below is none of them", async () => {
		const { json, shards } = files(1);
		json.weightsManifest[0]!.paths = ["below/shard0.bin"];
		const moved = new Map([["below/shard0.bin", shards.get("shard0.bin")!]]);
		expect((await read(file({ json, shards: moved }))).configuration.classes).toBe(3);
	});

	test("a shard twice, sizes beyond all bounds, shapes that are none", async () => {
		const { json, shards } = files(1);
		const [group] = json.weightsManifest as [Manifest["weightsManifest"][0]];
		const paths = ["shard0.bin", "shard0.bin"];
		expect(
			await refusal(file({ json: { ...json, weightsManifest: [{ ...group, paths }] }, shards })),
		).toContain('lists the shard "shard0.bin" twice');
		for (const shape of [[1e6, 1e6], [2 ** 49]]) {
			const weights = [...group.weights, { name: "more", shape, dtype: "float32" }];
			expect(
				await refusal(file({ json: { ...json, weightsManifest: [{ ...group, weights }] }, shards })),
			).toMatch(/should have \d+ bytes for the weights in them, but they have \d+/);
		}
		for (const shape of [[1.5], [-1], ["3"], "3", null, [2 ** 60], new Array(9).fill(1)]) {
			const weights = [{ name: "w", shape, dtype: "float32" }];
			expect(
				await refusal(file({ json: { ...json, weightsManifest: [{ ...group, weights }] }, shards })),
			).toContain("where a name and a shape were expected");
		}
	});

	test("types that are not read", async () => {
		const { json, shards } = files(1);
		const manifest = (entry: object) => ({
			json: { ...json, weightsManifest: [{ paths: [], weights: [{ name: "w", shape: [1], ...entry }] }] },
			shards,
		});
		expect(await refusal(file(manifest({ dtype: "string" })))).toContain(
			'unsupported: model.json: the weights w are stored as "string"',
		);
		expect(
			await refusal(file(manifest({ dtype: "float32", quantization: { dtype: "int8", scale: 1, min: 0 } }))),
		).toContain('are stored as "int8", but only uint8, uint16, float16 are read where they are quantized');
		expect(
			await refusal(
				file(manifest({ dtype: "float32", quantization: { dtype: "uint8", scale: "1", min: 0 } })),
			),
		).toContain("where a scale and a min were expected");
	});

	test("any one value of the JSON changed to another: a model or one sentence, and soon", async () => {
		const { json, shards } = files(1);
		const odd = [
			null,
			true,
			-1,
			0,
			1.5,
			64,
			1e9,
			1e300,
			"",
			"x",
			"__proto__",
			[],
			[1e15, 1, 1, 0],
			{},
			{ class_name: "Sequential" },
		];
		const places: (readonly [holder: Record<string, unknown>, key: string])[] = [];
		const open: unknown[] = [json];
		while (open.length > 0) {
			const holder = open.pop() as Record<string, unknown>;
			for (const [key, value] of Object.entries(holder)) {
				places.push([holder, key]);
				if (typeof value === "object" && value !== null) open.push(value);
			}
		}
		expect(places.length).toBeGreaterThan(1000);
		let refused = 0;
		for (const [n, [holder, key]] of places.entries()) {
			const before = holder[key];
			holder[key] = odd[n % odd.length];
			try {
				await read(file({ json, shards }));
			} catch (error) {
				refused++;
				expect(error).toBeInstanceOf(MobileNetError);
				expect((error as MobileNetError).message).toMatch(/^model\.json[^\n]*\.$/);
			}
			holder[key] = before;
		}
		expect(refused).toBeGreaterThan(500);
	});

	test("JSON of another kind", async () => {
		for (const json of [
			{},
			{ modelTopology: {} },
			{ weightsManifest: [] },
			{ modelTopology: [], weightsManifest: [] },
		])
			expect(await refusal(file({ json, shards: new Map() }))).toContain(
				"it is JSON without the modelTopology and the weightsManifest of TensorFlow.js",
			);
		for (const group of [null, 1, {}, { paths: "x", weights: [] }, { paths: [] }])
			expect(
				await refusal(file({ json: { modelTopology: {}, weightsManifest: [group] }, shards: new Map() })),
			).toContain("where paths and weights were expected");
	});

	test("nothing else is wrong with quantized weights: real = scale · code + min, or half floats", async () => {
		const { json, shards } = files(1);
		const weights = json.weightsManifest[0]!.weights.slice(1);
		const stem = (quantization: object) => ({
			name: "stem/kernel",
			shape: [3, 3, 3, 8],
			dtype: "float32",
			quantization,
		});
		const rest = shards.get("shard0.bin")!.subarray(216 * 4);
		const kernelOf = async (entry: object, bytes: Uint8Array): Promise<Tensor | undefined> => {
			const model = await read(
				file({
					json: {
						...json,
						weightsManifest: [
							{ paths: ["a"], weights: [entry] },
							{ paths: ["b"], weights },
						],
					},
					shards: new Map([
						["a", bytes],
						["b", rest],
					]),
				}),
			);
			return model.tensors.get("stem.conv.weight");
		};
		const shape = [8, 3, 3, 3];
		const eight = await kernelOf(
			stem({ dtype: "uint8", scale: 0.5, min: -3 }),
			new Uint8Array(216).fill(200),
		);
		expect(eight).toEqual({ dtype: "F32", shape, data: new Float32Array(216).fill(97) });
		const sixteen = new Uint8Array(new Uint16Array(216).fill(40_000).buffer);
		expect(await kernelOf(stem({ dtype: "uint16", scale: 0.25, min: 1 }), sixteen)).toEqual({
			dtype: "F32",
			shape,
			data: new Float32Array(216).fill(10_001),
		});
		const half = new Uint8Array(new Uint16Array(216).fill(0x3c00).buffer);
		expect(await kernelOf(stem({ dtype: "float16" }), half)).toEqual({
			dtype: "F16",
			shape,
			data: new Uint16Array(216).fill(0x3c00),
		});
	});
});
