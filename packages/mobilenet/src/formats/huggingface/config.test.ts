import { describe, expect, test } from "vitest";
import { huggingFaceNames, timmNames, torchTensors } from "../../../test/support/torch-names.ts";
import { MobileNetError } from "../../base/error.ts";
import { configure } from "../../network/configuration.ts";
import { initialize } from "../../weights/initialize.ts";
import type { Model } from "../../weights/model.ts";
import { openFile } from "../opened.ts";
import { readOpened } from "../read.ts";
import { writeSafetensors } from "../safetensors/safetensors-writer.ts";

const small = initialize(configure({ preset: "tf", alpha: 0.25, classes: 3 }), { seed: 2 });
const weights = {
	transformers: writeSafetensors(torchTensors(small, huggingFaceNames, "classifier"), { format: "pt" }),
	timm: writeSafetensors(torchTensors(small, timmNames, "classifier"), { format: "pt" }),
};

/** The weights with these files beside them. */
async function read(kind: keyof typeof weights, files: Readonly<Record<string, unknown>>): Promise<Model> {
	const beside = async (path: string): Promise<Uint8Array> => {
		const content = files[path];
		if (content === undefined) throw new MobileNetError("not-found", `${path} cannot be read.`);
		return new TextEncoder().encode(typeof content === "string" ? content : JSON.stringify(content));
	};
	return readOpened(await openFile({ name: "model.safetensors", bytes: weights[kind], beside }));
}

const withConfig = (kind: keyof typeof weights, config: unknown) => read(kind, { "config.json": config });

/** As transformers writes it. */
const v1 = {
	...{ model_type: "mobilenet_v1", hidden_act: "relu6", tf_padding: true, layer_norm_eps: 0.001 },
	...{ image_size: 192, classifier_dropout_prob: 0.999 },
	id2label: { 0: "tench, Tinca tinca", 1: "goldfish", 2: "white shark" },
};
const processor = {
	...{ do_resize: true, size: { shortest_edge: 224 }, resample: 3 },
	...{ do_center_crop: true, crop_size: { height: 160, width: 160 } },
	...{ do_rescale: true, rescale_factor: 1 / 255 },
	...{ do_normalize: true, image_mean: [0.5, 0.25, 0.5], image_std: [0.5, 0.5, 0.2] },
};

describe("transformers", () => {
	test("says the network, its labels and its preprocessing", async () => {
		const model = await read("transformers", { "config.json": v1, "preprocessor_config.json": processor });
		expect(model.configuration).toEqual(
			configure({ preset: "tf", alpha: 0.25, classes: 3, size: 160, output: "logits", dropout: 0.001 }),
		);
		expect(model.tensors).toEqual(small.tensors);
		expect(model.labels).toEqual([
			{ name: "tench", synonyms: ["Tinca tinca"] },
			{ name: "goldfish" },
			{ name: "white shark" },
		]);
		const { mean, std, ...rest } = model.preprocessing;
		for (const [i, value] of [127.5, 63.75, 127.5].entries()) expect(mean[i]).toBeCloseTo(value, 10);
		for (const [i, value] of [127.5, 127.5, 51].entries()) expect(std[i]).toBeCloseTo(value, 10);
		expect(rest).toEqual({ channelOrder: "rgb", filter: "pillow-bicubic", fit: { shorterSide: 224 } });
		expect(model.source).toEqual({
			format: "Hugging Face",
			assumed: [],
			notes: [expect.stringContaining("drops a share of 0.999")],
		});
	});

	test("without a processor leaves pictures open, without a configuration all but the weights", async () => {
		const model = await withConfig("transformers", v1);
		expect(model.configuration.size).toBe(192);
		expect(model.source.assumed).toEqual(["mean", "std", "channelOrder", "filter", "fit"]);
		for (const config of [undefined, {}, { model_type: null }, []]) {
			const alone = await withConfig("transformers", config);
			expect(alone.source.assumed).toEqual(
				expect.arrayContaining(["size", "padding", "activation", "epsilon", "output"]),
			);
			expect(alone.configuration.padding).toBe("same");
		}
	});

	test("says padding, activation, epsilon and outputs that are not the usual", async () => {
		const of = async (fields: object) =>
			(await withConfig("transformers", { ...v1, ...fields })).configuration;
		expect(await of({ tf_padding: false })).toMatchObject({ padding: "symmetric", stemPadding: "symmetric" });
		expect(await of({ hidden_act: "relu", layer_norm_eps: 0.01 })).toMatchObject({
			activation: "relu",
			epsilon: 0.01,
		});
		expect(await of({ hidden_act: "leaky_relu" })).toMatchObject({
			activation: "leakyRelu",
			leakySlope: 0.01,
		});
		expect(await of({ classifier_dropout_prob: 0.2 })).toMatchObject({ dropout: 0.2 });
		expect(await of({ problem_type: "multi_label_classification" })).toMatchObject({
			output: "sigmoid",
			classes: 3,
			binary: false,
		});
	});

	test("says sizes and colors in all of its ways", async () => {
		const of = async (fields: object) => {
			const files = { "config.json": v1, "preprocessor_config.json": { ...processor, ...fields } };
			const { configuration, preprocessing } = await read("transformers", files);
			return { size: configuration.size, ...preprocessing };
		};
		expect(await of({ size: 200, crop_size: 128 })).toMatchObject({ size: 128, fit: { shorterSide: 200 } });
		expect(await of({ do_center_crop: false, size: { height: 96, width: 96 } })).toMatchObject({
			size: 96,
			fit: "stretch",
		});
		expect(await of({ resample: 1 })).toMatchObject({ filter: "pillow-bilinear" });
		expect((await of({ do_normalize: false })).std[0]).toBeCloseTo(255, 10);
		expect((await of({ do_normalize: false })).mean).toEqual([0, 0, 0]);
		expect((await of({ do_rescale: false, image_mean: [127], image_std: [128] })).mean).toEqual([
			127, 127, 127,
		]);
	});

	test("does not number classes as labels", async () => {
		const numbered = { 0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2" };
		expect((await withConfig("transformers", { ...v1, id2label: numbered })).labels).toBeUndefined();
		expect((await withConfig("transformers", { ...v1, id2label: { 1: "a" } })).labels).toBeUndefined();
		const two = await withConfig("transformers", { ...v1, id2label: { 0: "a", 1: "b" } });
		expect(two.labels).toBeUndefined();
		expect(two.source.notes.join()).toContain("Its 2 labels do not fit its 3 outputs");
	});

	test("of another network, or broken, is refused in one sentence", async () => {
		const refused = async (config: unknown, sentence: string, files = {}) => {
			await expect(read("transformers", { "config.json": config, ...files })).rejects.toThrow(sentence);
		};
		await refused(
			{ model_type: "mobilenet_v2" },
			'holds no MobileNet v1: its config.json says that the network is "mobilenet_v2".',
		);
		await refused(
			{ ...v1, hidden_act: "gelu" },
			'the hidden_act "gelu" where relu6, relu, leaky_relu are read',
		);
		await refused({ ...v1, layer_norm_eps: "1" }, 'the layer_norm_eps "1" where a number was expected');
		await refused("{", "its config.json is not the JSON it should be");
		await refused("[".repeat(100_000), "its config.json is not the JSON it should be");
		const mean = { "preprocessor_config.json": { ...processor, image_mean: ["a"] } };
		await refused(v1, 'the image_mean ["a"] where numbers were expected', mean);
		const few = { "preprocessor_config.json": { ...processor, image_mean: [1, 2] } };
		await refused(v1, "must be 3 numbers", few);
		const zero = { "preprocessor_config.json": { ...processor, rescale_factor: 0 } };
		await expect(read("transformers", { "config.json": v1, ...zero })).rejects.toBeInstanceOf(MobileNetError);
	});
});

describe("timm", () => {
	const config = {
		architecture: "mobilenetv1_100",
		num_classes: 3,
		pretrained_cfg: {
			...{ input_size: [3, 224, 224], interpolation: "bicubic", crop_pct: 0.875, crop_mode: "center" },
			...{ mean: [0.5, 0.4, 0.3], std: [0.2, 0.2, 0.2] },
		},
	};

	test("says preprocessing and labels", async () => {
		const labeled = {
			...config,
			label_names: ["n01440764", "cat", "dog"],
			label_descriptions: { n01440764: "tench, Tinca tinca", cat: "a cat" },
		};
		const { preprocessing, labels, source, configuration } = await withConfig("timm", labeled);
		expect(preprocessing).toEqual({
			mean: [127.5, 102, 76.5],
			std: [51, 51, 51],
			channelOrder: "rgb",
			filter: "pillow-bicubic",
			fit: { shorterSide: 256 },
		});
		expect(labels).toEqual([
			{ name: "tench", id: "n01440764", synonyms: ["Tinca tinca"] },
			{ name: "a cat" },
			{ name: "dog" },
		]);
		expect(source.assumed).toEqual([]);
		expect(configuration).toEqual(
			configure({ preset: "torch", alpha: 0.25, classes: 3, channelRounding: configuration.channelRounding }),
		);
	});

	test("says little in old files, and nothing in another program's", async () => {
		const { preprocessing } = await withConfig("timm", { architecture: "mobilenetv1_100", mean: [0, 0, 0] });
		expect(preprocessing.mean).toEqual([0, 0, 0]);
		const squash = { ...config, pretrained_cfg: { ...config.pretrained_cfg, crop_mode: "squash" } };
		expect((await withConfig("timm", squash)).preprocessing.fit).toBe("stretch");
		expect((await withConfig("timm", { any: 1 })).source.assumed).toContain("padding");
		await expect(withConfig("timm", { architecture: "mobilenetv2_100" })).rejects.toThrow(
			'its config.json says that the network is timm\'s "mobilenetv2_100".',
		);
	});
});
