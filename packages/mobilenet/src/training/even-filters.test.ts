/** A network in other numbers is the same network. */
import { describe, expect, it } from "vitest";
import { MobileNet } from "../model/mobilenet.ts";
import { configure } from "../network/configuration.ts";
import { initialize } from "../weights/initialize.ts";
import type { Model } from "../weights/model.ts";
import { unfold } from "../weights/unfold.ts";
import { evenFilters } from "./even-filters.ts";

/** Random weights, with filters and batch norm of very different sizes, and an empty channel. */
function uneven(): Model {
	const model = unfold(initialize(configure({ alpha: 0.25, size: 32, classes: 5 }), { seed: 7 }));
	const tensors = new Map(model.tensors);
	for (const [name, { shape, data: numbers }] of tensors) {
		const tensor = { dtype: "F32", shape } as const;
		const data = Float32Array.from(numbers);
		const size = data.length / shape[0]!;
		const channel = (i: number): number => Math.floor(i / size);
		if (name.endsWith(".conv.weight"))
			tensors.set(name, {
				...tensor,
				data: data.map((x, i) => x * (channel(i) === 1 ? 1e-14 : 0.1 + channel(i))),
			});
		if (name.endsWith(".bn.running_var"))
			tensors.set(name, { ...tensor, data: data.map((_, c) => (c === 1 ? 1e-30 : (0.1 + c) ** 2)) });
		if (name.endsWith(".bn.weight"))
			tensors.set(name, { ...tensor, data: data.map((_, c) => (c % 3 === 2 ? -2.7 : 0.3)) });
		if (name.endsWith(".bn.running_mean"))
			tensors.set(name, { ...tensor, data: data.map((_, c) => (c % 5) / 10) });
	}
	return { ...model, tensors };
}

const picture = {
	data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 97 + (i >> 5) * 31) % 256),
	width: 32,
	height: 32,
	channels: 3,
} as const;

describe("even filters", () => {
	const given = uneven();
	const { model, restored } = evenFilters(given);

	it("answer as the network that they are made of", async () => {
		const [before, after] = await Promise.all(
			[given, model].map(async (one) => {
				const network = await MobileNet.from(one, { build: "baseline", threads: 1 });
				try {
					return await network.embed(picture);
				} finally {
					network.dispose();
				}
			}),
		);
		expect(before!.some((x) => x > 0)).toBe(true);
		for (const [i, x] of before!.entries()) expect(after![i]).toBeCloseTo(x, 3);
	});

	it("have one size, but for empty channels, which no step reaches", () => {
		const { shape, data } = model.tensors.get("blocks.3.pointwise.conv.weight")!;
		const size = data.length / shape[0]!;
		for (let c = 0; c < shape[0]!; c++) {
			const filter = Array.from(data.subarray(c * size, (c + 1) * size), Number);
			const rms = Math.sqrt(filter.reduce((sum, x) => sum + x * x, 0) / size);
			if (c === 1) expect(rms).toBeLessThan(1e-6);
			else expect(Math.abs(Math.log2(rms))).toBeLessThan(0.51);
		}
		for (const x of model.tensors.get("blocks.3.pointwise.bn.weight")!.data)
			expect(Math.abs(Math.log2(Math.abs(Number(x))))).toBeLessThan(0.51);
		expect(Math.min(...Array.from(model.tensors.get("stem.bn.running_var")!.data, Number))).toBeGreaterThan(
			0,
		);
	});

	it("give back the tensors bit for bit", () => {
		expect(restored(model).tensors).toEqual(given.tensors);
	});
});
