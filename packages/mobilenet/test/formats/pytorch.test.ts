/** Files that PyTorch, timm and transformers wrote, and what they answer: golden/formats, and a published checkpoint. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readModel } from "../../src/formats/index.ts";
import { readSafetensors } from "../../src/formats/safetensors/safetensors.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const folder = "golden/formats";
const inputs = `${folder}/inputs_4x64x64x3_nhwc_f32.bin`;
const answers = `${folder}/expected_torch.json`;
const pictures = 4;

/** golden/README.md: float 1e-4, half precision 2e-2. The last block's stride stands in no file. */
const files = [
	{ file: "torch_tutorial_stride2.pth" },
	{ file: "torch_tutorial_stride1.pth", lastBlock: "stride1" },
	{ file: "torch_legacy_pickle.pth", lastBlock: "stride1" },
	{ file: "torch_checkpoint_data_parallel.pth", lastBlock: "stride1", apart: 2e-2 },
	{ file: "timm_mobilenetv1_025.safetensors" },
	{ file: "hf", size: undefined },
] as const;

for (const { file, ...how } of files)
	describeWithShared(file, [inputs, answers, `${folder}/${file}`], () => {
		it("gives the same logits", async () => {
			const { size, lastBlock, apart } = { size: 64, lastBlock: undefined, apart: 1e-4, ...how };
			const given = lastBlock && { configuration: { lastBlock } };
			const model = await MobileNet.load(shared(`${folder}/${file}`), { size, ...given });
			const bytes = readFileSync(shared(inputs));
			const input = new Float32Array(
				bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
			);
			const output = await model.run(input, { batch: pictures });
			const { logits } = (
				JSON.parse(readFileSync(shared(answers), "utf8")) as Record<string, { logits: number[][] }>
			)[file]!;
			expect(logits).toHaveLength(pictures);
			for (const [i, value] of logits.flat().entries())
				expect(Math.abs(output[i]! - value)).toBeLessThan(apart);
			model.dispose();
		});
	});

describeWithShared("a folder of transformers", [`${folder}/hf`], () => {
	it("says its labels and preprocessing", async () => {
		const model = await readModel(shared(`${folder}/hf`));
		expect(model.labels?.map(({ name }) => name)).toEqual([
			...["daisy", "dandelion", "roses", "sunflowers", "tulips"],
		]);
		expect(model.preprocessing).toMatchObject({ fit: { shorterSide: 72 }, filter: "pillow-bilinear" });
		expect(model.configuration).toMatchObject({ size: 64, epsilon: 1e-3, padding: "same", output: "logits" });
	});
});

describeWithShared("a module saved whole", [`${folder}/torch_whole_module_must_be_refused.pth`], () => {
	it("is refused with what to do", async () => {
		await expect(readModel(shared(`${folder}/torch_whole_module_must_be_refused.pth`))).rejects.toMatchObject(
			{
				code: "unsupported",
				message: expect.stringMatching(
					/ it holds a whole module of PyTorch \(__main__\.Tutorial\), .*torch\.save\(model\.state_dict\(\), "model\.pth"\)\.$/,
				),
			},
		);
	});
});

const leaky = "weights/mobilenet_v1_0.25_224_leaky_pytorch.tar";
const photos = "golden/imagenet/pixels.safetensors";
/**
 * The best class of each of the twelve photographs and its logit: PyTorch 2.15 in float64, the network written anew with a
 * leaky ReLU of 0.1, padding 1 and the colors of ImageNet.
 */
const best = [
	...[
		[258, 19.132412],
		[437, 19.303407],
		[471, 12.732491],
		[88, 11.780046],
		[112, 10.252685],
		[285, 11.132195],
	],
	...[
		[282, 15.502995],
		[967, 12.252279],
		[872, 9.273206],
		[457, 9.650805],
		[19, 22.490873],
		[300, 11.289424],
	],
] as const;
describeWithShared("a checkpoint before PyTorch 1.6, called a tar archive", [leaky, photos], () => {
	it("gives PyTorch's logits", async () => {
		const read = await readModel(shared(leaky));
		const { mean, std } = read.preprocessing;
		const { data } = readSafetensors(new Uint8Array(readFileSync(shared(photos))), photos).tensors.get(
			"pixels_224",
		)!;
		const input = Float32Array.from(data, (pixel, i) => (pixel - mean[i % 3]!) / std[i % 3]!);
		const model = await MobileNet.from(read);
		const output = await model.run(input, { batch: best.length });
		for (const [n, [index, logit]] of best.entries()) {
			const logits = output.subarray(n * 1000, (n + 1) * 1000);
			expect(logits.indexOf(Math.max(...logits))).toBe(index);
			expect(Math.abs(logits[index]! - logit)).toBeLessThan(1e-4);
		}
		model.dispose();
	});
});
