/**
 * Quantization of a real network: a short form of the study that docs/quantization.md reports, and the model beside the
 * one that TensorFlow Lite's converter makes of the same network.
 */
import { expect, it } from "vitest";
import { readModel } from "../../src/formats/read.ts";
import type { Model } from "../../src/weights/model.ts";
import { describeWithShared, shared } from "../support/shared.ts";
import { calibration, evaluation, study } from "./quantization.ts";

const file = "mobilenet_v1_0.25_224_tfjs";
const converted = "mobilenet_v1_0.25_224_int8.tflite";

describeWithShared("quantization of a real network", [calibration, evaluation, `weights/${file}`], () => {
	it("loses two points of top-1 at the most, and gives the same answers nearly always", async () => {
		const { report } = await study(file, { calibrating: 100, evaluated: 250 });
		const { float, integer } = report.accuracy!;
		expect((float.top1 - integer.top1) * 100).toBeLessThanOrEqual(2);
		expect((float.top5 - integer.top5) * 100).toBeLessThanOrEqual(2);
		expect(report.agreement).toBeGreaterThan(0.85);
	});
});

describeWithShared("its model", [calibration, evaluation, `weights/${file}`, `weights/${converted}`], () => {
	it("has the tensors of TensorFlow Lite's int8 file, and its codes where ranges are known", async () => {
		const { model } = await study(file, { calibrating: 10, evaluated: 1 });
		const theirs = await readModel(shared(`weights/${converted}`));
		const shapes = ({ tensors, configuration }: Model) =>
			Object.fromEntries(
				[...tensors].map(([name, { dtype, shape }]) => [
					name,
					// This network has no background class, theirs has.
					`${dtype} ${shape.map((n) => (n === configuration.classes ? "classes" : n)).join("×")}`,
				]),
			);
		expect(shapes(model)).toEqual(shapes(theirs));
		const codes = ({ tensors }: Model, layer: string) =>
			["scale", "zero_point"].map((part) => tensors.get(`${layer}.output.${part}`)!.data[0]);
		// All of ReLU6's range is used there.
		for (const layer of ["stem", "blocks.0.pointwise", "blocks.12.pointwise"])
			expect(codes(model, layer)).toEqual([expect.closeTo(6 / 255, 3), -128]);
		expect(codes(theirs, "stem")).toEqual([expect.closeTo(6 / 255, 7), -128]);
	});
});
