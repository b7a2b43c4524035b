/**
 * Fine-tuning in cross-validation: in five parts of `train`, four are learned from and one is judged by, which chooses
 * nothing. What is judged is the last epoch, beside the new classifier alone.
 *
 *   node packages/mobilenet/test/studies/fine-tuning.ts flowers 1e-3 12
 *
 * The data set of ../shared/data, the learning rate and the epochs; `PARTS` names the parts, 0,1,2,3,4 unless told.
 * It runs the package as built, on all cores.
 */
import { availableParallelism } from "node:os";
import process from "node:process";
import { openDataset } from "mobilenet/data";
import { readModel } from "mobilenet/formats";
import { transfer } from "mobilenet/training";
import { shared } from "../support/shared-paths.ts";

const [name = "flowers", rate = "1e-3", epochs = "12"] = process.argv.slice(2);
const parts = (process.env.PARTS ?? "0,1,2,3,4").split(",").map(Number);
const model = await readModel(shared("weights/mobilenet_v1_1.0_224_tfjs"));
const dataset = await openDataset(shared(`data/${name}/train`));
const seen = new Map<number, number>();
/** Of each class every fifth picture. */
const partOf = Int32Array.from(dataset.labels, (label) => {
	const before = seen.get(label) ?? 0;
	seen.set(label, before + 1);
	return before % 5;
});
const indicesOf = (isIn: (part: number) => boolean): Int32Array =>
	Int32Array.from(dataset.labels.keys()).filter((index) => isIn(partOf[index]!));

const rows: number[][] = [];
for (const part of parts) {
	const run = transfer({
		model,
		training: { dataset, indices: indicesOf((other) => other !== part) },
		validation: { dataset, indices: indicesOf((other) => other === part) },
		learningRate: Number(rate),
		epochs: Number(epochs),
		...{ clip: 1, average: 0.98, seed: 1 + part, threads: availableParallelism() },
	});
	for await (const event of run)
		if (event.kind === "done") {
			const start = event.start!;
			const all = event.history.map(({ validation }) => validation!);
			console.log(
				`part ${part}: alone ${start.top1.toFixed(3)} (${start.loss.toFixed(3)}); epochs ${all.map(({ top1, loss }) => `${top1.toFixed(2)} (${loss.toFixed(3)})`).join(" ")}`,
			);
			rows.push([start.top1, all.at(-1)!.top1]);
		}
}
const mean = (column: number): string =>
	((100 * rows.reduce((sum, row) => sum + row[column]!, 0)) / rows.length).toFixed(1);
console.log(`${name}, rate ${rate}, ${epochs} epochs: alone ${mean(0)} %, last epoch ${mean(1)} %`);
await dataset.close();
