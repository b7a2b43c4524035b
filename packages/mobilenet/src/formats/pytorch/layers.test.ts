import { describe, expect, test } from "vitest";
import {
	huggingFaceNames,
	type Naming,
	sequentialNames,
	timmNames,
	torchTensors,
	tutorialNames,
} from "../../../test/support/torch-names.ts";
import { MobileNetError } from "../../base/error.ts";
import { configure } from "../../network/configuration.ts";
import { fold } from "../../weights/fold.ts";
import { initialize } from "../../weights/initialize.ts";
import type { Model } from "../../weights/model.ts";
import { filled, type Tensor } from "../../weights/tensor.ts";
import { recognize } from "../chain/recognize.ts";
import { fileOf } from "../file.ts";
import { readModel } from "../read.ts";
import { writeSafetensors } from "../safetensors/safetensors-writer.ts";
import { chainOfStateDict } from "./chain.ts";

const small = initialize(configure({ preset: "torch", alpha: 0.25, classes: 3 }), { seed: 2 });

async function readAs(tensors: ReadonlyMap<string, Tensor>, sorted = false): Promise<Model> {
	const stored = new Map(
		[...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, read: () => tensor }]),
	);
	const file = fileOf(new Uint8Array(0), "model.pth");
	return recognize(await chainOfStateDict({ tensors: stored, notes: [] }, file, { format: "Test", sorted }));
}

async function refusal(tensors: ReadonlyMap<string, Tensor>): Promise<string> {
	try {
		await readAs(tensors);
	} catch (error) {
		expect(error).toBeInstanceOf(MobileNetError);
		expect((error as MobileNetError).message).toMatch(/^model\.pth[^\n]*\.$/);
		return `${(error as MobileNetError).code}: ${(error as MobileNetError).message}`;
	}
	throw new Error("it was read");
}

/** As a safetensors file has them: by name, as text. */
const alphabetical = (tensors: ReadonlyMap<string, Tensor>) =>
	new Map([...tensors].toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** Convolutions of a block first, then its batch norms; numbers from 1 on; blocks before the first convolution. */
const blocksFirst: Naming = (block, isDepthwise) => {
	if (block < 0) return ["entry", "entryNorm"];
	return isDepthwise
		? [`body.${block}.convA`, `body.${block}.normA`]
		: [`body.${block}.convB`, `body.${block}.normB`];
};
/** All depthwise convolutions in a list, all pointwise ones in another. */
const lists: Naming = (block, isDepthwise) => {
	if (block < 0) return ["stem", "bn"];
	return isDepthwise ? [`dw.${block}`, `bd.${block}`] : [`pw.${block}`, `bp.${block}`];
};

describe("layers are told by order and shape", () => {
	const namings = {
		...{ tutorialNames, timmNames, huggingFaceNames, sequentialNames },
		...{ blocksFirst, lists },
	};
	for (const [name, naming] of Object.entries(namings))
		test.each(["classifier", "fc", "answer"])(`with ${name} and the classifier %s`, async (classifier) => {
			for (const inputChannels of [1, 3]) {
				const model = initialize(configure({ preset: "torch", alpha: 0.25, inputChannels, classes: 3 }));
				const tensors = torchTensors(model, naming, classifier);
				if (name !== "lists") expect((await readAs(tensors)).tensors).toEqual(model.tensors);
				expect((await readAs(alphabetical(tensors), true)).tensors).toEqual(model.tensors);
			}
		});

	test("whatever the order of modules in the file, as long as blocks are in theirs", async () => {
		const all = [...torchTensors(small, blocksFirst, "answer")];
		const of = (part: string) => all.filter(([name]) => name.startsWith(part));
		const blocks = Array.from({ length: 13 }, (_, i) =>
			["convA", "convB", "normA", "normB"].flatMap((part) => of(`body.${i}.${part}.`)),
		).flat();
		const tensors = new Map([...of("answer"), ...blocks, ...of("entry.").concat(of("entryNorm."))]);
		expect(tensors.size).toBe(all.length);
		expect((await readAs(tensors)).tensors).toEqual(small.tensors);
		const inLists = [...torchTensors(small, lists, "answer")];
		const part = (name: string) => inLists.filter(([key]) => key.startsWith(name));
		const listed = new Map(
			["stem", "dw.", "pw.", "bd.", "bp.", "bn", "answer"].flatMap((name) => part(name)),
		);
		expect(listed.size).toBe(inLists.length);
		expect((await readAs(listed)).tensors).toEqual(small.tensors);
	});

	test("but not the first convolution of a gray network where nothing tells it from depthwise ones", async () => {
		const gray = initialize(configure({ preset: "torch", alpha: 0.25, inputChannels: 1, classes: 3 }));
		const tensors = torchTensors(gray, lists, "answer");
		const listed = [...tensors].toSorted(([a], [b]) => a.split(".")[0]!.localeCompare(b.split(".")[0]!));
		expect((await readAs(new Map(listed))).tensors).toEqual(gray.tensors);
		const renamed = listed.map(([name, tensor]) => [name.replace(/^stem/, "a"), tensor] as const);
		expect(await refusal(new Map(renamed))).toMatch(/^unsupported: .*is the first is not told by/);
	});

	test("with batch norm folded, a 1×1 convolution as the classifier, no classifier, the shallow network", async () => {
		const folded = fold(small);
		expect((await readAs(torchTensors(folded, tutorialNames, "classifier"))).tensors).toEqual(folded.tensors);
		const tensors = torchTensors(small, sequentialNames, "fc");
		const convolution = new Map(tensors).set("fc.weight", {
			...tensors.get("fc.weight")!,
			shape: [3, 256, 1, 1],
		} as Tensor);
		expect((await readAs(convolution)).tensors).toEqual(small.tensors);
		const features = new Map([...tensors].filter(([name]) => !name.startsWith("fc.")));
		const { configuration, source } = await readAs(features);
		expect(configuration.head).toBe(false);
		expect(source.notes).toHaveLength(1);
		const shallow = initialize(configure({ preset: "torch", alpha: 0.5, depth: "shallow", classes: 3 }));
		expect((await readAs(torchTensors(shallow, sequentialNames, "fc"))).configuration.depth).toBe("shallow");
	});
});

describe("other layers", () => {
	const weights = torchTensors(small, sequentialNames, "fc");
	const add = (...others: readonly (readonly [string, readonly number[]])[]) =>
		new Map([...weights, ...others.map(([name, shape]) => [name, filled(shape, 1)] as const)]);

	test("after the blocks are left out, with a note, for features", async () => {
		const { configuration, source } = await readAs(add(["fc2.weight", [2, 3]], ["fc2.bias", [2]]));
		expect(configuration.head).toBe(false);
		expect(source.notes).toContain(
			"Weights do not say what comes between its other layers (fc, fc2), which are left out: the network ends with its features.",
		);
	});

	test("among the blocks are those of another network", async () => {
		const [...entries] = weights;
		const at = entries.findIndex(([name]) => name.startsWith("model.5."));
		const se = ["se.weight", filled([2, 32, 1, 1], 1)] as const;
		expect(await refusal(new Map([...entries.slice(0, at), se, ...entries.slice(at)]))).toBe(
			"not-mobilenet: model.pth holds no MobileNet v1: it has the layer se with the weights weight [2,32,1,1] among its blocks, which no MobileNet v1 has.",
		);
	});

	test("of a batch norm without its statistics are refused with what to do", async () => {
		const parameters = new Map([...weights].filter(([name]) => !name.includes("running_")));
		expect(await refusal(parameters)).toMatch(
			/^unsupported: model\.pth: the layer model\.0\.1 has the weights weight \[8\], bias \[8\] without the running_mean and running_var .*torch\.save\(model\.state_dict\(\), …\)\.$/,
		);
	});

	test("of other networks are told by what is missing", async () => {
		const without = (part: string) => new Map([...weights].filter(([name]) => !name.startsWith(part)));
		expect(await refusal(without("model.4."))).toContain("it has 12 depthwise 3×3 convolutions, where 13");
		expect(await refusal(without("model.4.3."))).toContain(
			"no 1×1 convolution from 32 channels to 64 comes after the depthwise one model.4.0",
		);
		expect(await refusal(without("model.4.4."))).toMatch(/^unsupported: .*its 26 batch norms .* do not fit/);
		expect(await refusal(new Map([["a.weight", filled([3, 3], 1)]]))).toContain("no 3×3 convolutions, but a");
		expect(await refusal(new Map([["a.weight", filled([64, 3, 3, 3], 1)]]))).toContain(
			"it has no depthwise 3×3 convolutions",
		);
		const many = Array.from({ length: 5001 }, (_, i) => [`${i}.weight`, filled([1], 1)] as const);
		expect(await refusal(new Map(many))).toContain("it has 5001 tensors");
	});
});

describe("conventions are those of whose names it has", () => {
	const as = async (naming: Naming, classifier: string) =>
		(await readAs(torchTensors(small, naming, classifier))).configuration;

	test("the tutorial, timm, Hugging Face, pytorch-mobilenet, nobody known", async () => {
		expect(await as(tutorialNames, "classifier")).toMatchObject({
			...{ lastBlock: "stride2", padding: "symmetric", epsilon: 1e-5, activation: "relu6" },
		});
		expect(await as(timmNames, "classifier")).toEqual(
			configure({ preset: "torch", alpha: 0.25, classes: 3 }),
		);
		expect(await as(huggingFaceNames, "classifier")).toEqual(
			configure({ preset: "tf", alpha: 0.25, classes: 3, output: "logits" }),
		);
		expect(await as(sequentialNames, "fc")).toMatchObject({ activation: "relu", lastBlock: "stride1" });
		expect(await as(blocksFirst, "answer")).toMatchObject({ activation: "relu6", padding: "symmetric" });
	});

	test("Pytorch_Retinaface's have a leaky ReLU and the colors of ImageNet", async () => {
		const stages: Naming = (block, isDepthwise) => {
			const i = block + 1;
			const stage = i < 6 ? `stage1.${i}` : i < 12 ? `stage2.${i - 6}` : `stage3.${i - 12}`;
			const first = block < 0 || isDepthwise ? 0 : 3;
			return [`${stage}.${first}`, `${stage}.${first + 1}`];
		};
		const { configuration, preprocessing, source } = await readAs(torchTensors(small, stages, "fc"));
		expect(configuration).toMatchObject({ activation: "leakyRelu", leakySlope: 0.1 });
		expect(preprocessing.mean[0]).toBeCloseTo(123.675, 10);
		expect(source.assumed).toEqual(expect.arrayContaining(["mean", "std", "activation"]));
	});

	test("networks for small pictures, and with a convolution before the pool, are refused", async () => {
		const cifar: Naming = (block, isDepthwise) => {
			const module = block < 0 ? "" : `layers.${block}.`;
			return isDepthwise || block < 0
				? [`${module}conv1`, `${module}bn1`]
				: [`${module}conv2`, `${module}bn2`];
		};
		expect(await refusal(torchTensors(small, cifar, "linear"))).toMatch(
			/^unsupported: .*its first convolution has stride 1, for pictures of 32×32 pixels/,
		);
		const head = new Map([
			...torchTensors(small, timmNames, "classifier"),
			["conv_head.weight", filled([64, 256, 1, 1], 1)] as const,
		]);
		expect(await refusal(head)).toMatch(/^unsupported: .*\(conv_head\) before its pool, as timm's/);
	});

	test("a safetensors file of anybody's is read by them", async () => {
		const bytes = writeSafetensors(torchTensors(small, timmNames, "classifier"), { format: "pt" });
		const { tensors, source } = await readModel(bytes);
		expect(tensors).toEqual(small.tensors);
		expect(source).toMatchObject({ format: "Hugging Face", notes: [expect.stringContaining("timm's")] });
	});
});
