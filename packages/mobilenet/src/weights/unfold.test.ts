import { describe, expect, it } from "vitest";
import { random } from "../base/random.ts";
import { configure } from "../network/configuration.ts";
import { fold } from "./fold.ts";
import { initialize } from "./initialize.ts";
import type { Model } from "./model.ts";
import type { Tensor } from "./tensor.ts";
import { unfold } from "./unfold.ts";

/** A network whose batch norm is not the identity. */
function trained(): Model {
	const { uniform } = random(3);
	const model = initialize(configure({ alpha: 0.25, size: 32, classes: 3 }), { seed: 1 });
	const tensors = new Map(
		[...model.tensors].map(([name, tensor]): [string, Tensor] => [
			name,
			name.includes(".bn.")
				? { ...tensor, dtype: "F32", data: Float32Array.from(tensor.data, () => 0.5 + uniform()) }
				: tensor,
		]),
	);
	return { ...model, tensors };
}

/** The largest difference between two networks that have no batch norm. */
function apart(a: Model, b: Model): number {
	expect([...b.tensors.keys()].sort()).toEqual([...a.tensors.keys()].sort());
	return Math.max(
		...[...a.tensors].map(([name, { data }]) =>
			Math.max(...Array.from(data, (x, i) => Math.abs(x - b.tensors.get(name)!.data[i]!))),
		),
	);
}

describe("unfold", () => {
	it("gives a folded network batch norm that changes nothing", () => {
		const folded = fold(trained());
		const unfolded = unfold(folded);
		expect(unfolded.tensors.has("stem.conv.bias")).toBe(false);
		expect(unfolded.tensors.has("blocks.12.pointwise.bn.running_var")).toBe(true);
		expect(apart(folded, fold(unfolded))).toBeLessThan(1e-6);
	});

	it("puts a bias before batch norm into the mean", () => {
		const model = trained();
		const bias = Float32Array.from({ length: 8 }, (_, c) => c - 3);
		const tensors = new Map(model.tensors).set("stem.conv.bias", { dtype: "F32", shape: [8], data: bias });
		const biased = { ...model, tensors };
		expect(unfold(biased).tensors.has("stem.conv.bias")).toBe(false);
		expect(apart(fold(biased), fold(unfold(biased)))).toBeLessThan(1e-5);
	});

	it("leaves a network alone that has batch norm already", () => {
		const model = trained();
		expect([...unfold(model).tensors]).toEqual([...model.tensors]);
	});
});
