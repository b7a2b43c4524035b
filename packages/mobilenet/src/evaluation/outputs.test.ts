import { describe, expect, test } from "vitest";
import { MobileNet } from "../model/mobilenet.ts";
import { filled, float32 } from "../weights/tensor.ts";
import { type ComparedOutputs, compareOutputs, sameOutputs } from "./outputs.ts";

const small = { alpha: 0.25, size: 32, classes: 6 } as const;
const picture = { data: new Uint8Array(32 * 32 * 3).fill(99), width: 32, height: 32, channels: 3 };

async function all(one: MobileNet, other: MobileNet): Promise<ComparedOutputs[]> {
	const pictures = async function* () {
		yield { key: "gray", source: picture };
		yield { key: "nothing.jpg", source: "nothing.jpg" };
	};
	const found: ComparedOutputs[] = [];
	for await (const compared of compareOutputs(one, other, pictures())) found.push(compared);
	return found;
}

describe("compareOutputs", () => {
	test("a network and itself: nothing lies between them", async () => {
		const [one, other] = [await MobileNet.create(small), await MobileNet.create(small)];
		const found = await all(one, other);
		expect(found.slice(0, 2)).toEqual([
			{ input: "random", difference: 0, sameTop1: true },
			{ input: "gray", difference: 0, sameTop1: true },
		]);
		expect(found[2]).toMatchObject({ input: "nothing.jpg", error: { code: "not-found" } });
		expect(found.map(sameOutputs)).toEqual([true, true, false]);
	});

	test("two networks: they differ, and are not the same", async () => {
		const [one, other] = [await MobileNet.create(small), await MobileNet.create(small, { seed: 2 })];
		const [random, gray] = await all(one, other);
		for (const compared of [random!, gray!]) {
			if ("error" in compared) throw compared.error;
			expect(compared.difference).toBeGreaterThan(1e-3);
			expect(sameOutputs(compared)).toBe(false);
		}
	});

	test("what differs only in preprocessing shows on pictures, not on numbers", async () => {
		const { model } = await MobileNet.create(small);
		const [one, other] = [
			await MobileNet.from(model),
			await MobileNet.from(model, { preprocessing: { mean: 100 } }),
		];
		expect((await all(one, other)).map(sameOutputs)).toEqual([true, false, false]);
	});

	test("without a classifier there is no best class", async () => {
		const headless = { ...small, head: false } as const;
		const found = await all(await MobileNet.create(headless), await MobileNet.create(headless));
		expect(found[0]).toEqual({ input: "random", difference: 0, sameTop1: undefined });
		expect(sameOutputs(found[0]!)).toBe(true);
	});

	test("one output tells two classes by its side of the middle", async () => {
		for (const output of ["sigmoid", "logits"] as const) {
			const { model } = await MobileNet.create({ ...small, classes: 2, output, binary: true });
			const withBias = (bias: number) =>
				MobileNet.from({
					...model,
					tensors: new Map([
						...model.tensors,
						["classifier.weight", filled([1, 256], 0)],
						["classifier.bias", float32([bias])],
					]),
				});
			const [one, near, other] = [await withBias(1e-6), await withBias(2e-6), await withBias(-1e-6)];
			expect((await all(one, near)).slice(0, 2).map(sameOutputs)).toEqual([true, true]);
			expect((await all(one, other)).slice(0, 2)).toMatchObject([{ sameTop1: false }, { sameTop1: false }]);
		}
	});

	test("an output that is no number is not the same as anything", () => {
		expect(sameOutputs({ input: "x", difference: Number.NaN, sameTop1: true })).toBe(false);
	});
});
