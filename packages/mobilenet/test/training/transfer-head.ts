/**
 * Transfer learning by the head alone, as docs/training.md reports it: accuracy on `val`, of which training and choosing
 * see nothing, beside scikit-learn's on TensorFlow's features, and how long it takes.
 *
 *   node --conditions=mobilenet-source packages/mobilenet/test/transfer-head.ts
 */
import { references, transfer } from "./transfer.ts";

const columns = [
	"data",
	"network",
	"val %",
	"reference %",
	"cross-validation %",
	"strength",
	"seconds: embedding",
	"head",
	"val",
];
console.log(`| ${columns.join(" | ")} |\n|${columns.map(() => " --- |").join("")}`);
for (const { data, weights, percent: reference } of references) {
	const { head, percent, seconds } = await transfer(data, weights);
	const chosen = head.trials.find(({ strength }) => strength === head.strength)!;
	const cells = [
		...[data, weights, percent.toFixed(1), reference.toFixed(1), (100 * chosen.accuracy).toFixed(1)],
		head.strength.toExponential(1),
		...[seconds.embedding, seconds.training, seconds.classifying].map((s) => s.toFixed(1)),
	];
	console.log(`| ${cells.join(" | ")} |`);
}
