/** Keras's own files of ../shared: the same numbers as in its HDF5 files, and Keras's answers. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readModel } from "../../src/formats/index.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { fold } from "../../src/weights/fold.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const archive = "golden/formats/keras_v3.keras";
const hdf5 = "golden/formats/keras_model.h5";
const flat = "wild/keras3/k3_flat.keras";

describeWithShared("Keras's archives", [archive, hdf5], () => {
	test("are the network that its HDF5 file is", async () => {
		const [ours, theirs] = await Promise.all([readModel(shared(archive)), readModel(shared(hdf5))]);
		expect(ours.source.format).toBe("Keras");
		expect(ours.configuration).toEqual(theirs.configuration);
		expect([...ours.tensors]).toEqual([...theirs.tensors]);
		expect(fold(ours).tensors.size).toBe(56);
	});
});

describeWithShared("Keras 3", [flat, "wild/expected.json", "data/photos"], () => {
	const expected = JSON.parse(readFileSync(shared("wild/expected.json"), "utf8"))["keras3/k3_flat.keras"];

	test("answers as we do", async () => {
		const mobilenet = await MobileNet.load(shared(flat));
		for (const [i, photo] of ["macaw.jpg", "tabby_cat.jpg", "espresso.png"].entries()) {
			const rows = await mobilenet.classify(shared(`data/photos/${photo}`), { top: 5 });
			const byIndex = rows.toSorted((a, b) => a.index - b.index).map(({ probability }) => probability);
			for (const [c, probability] of byIndex.entries())
				expect(Math.abs(probability - expected.outputs[i][c])).toBeLessThan(1e-4);
		}
		mobilenet.dispose();
	});
});
