/** A head on a published network reaches what scikit-learn reaches on TensorFlow's features, minus a point at most. */
import { expect, it } from "vitest";
import { describeWithShared } from "../support/shared.ts";
import { references, transfer } from "./transfer.ts";

const pointsBelow = 1;
/** The small network on both: seconds. The large one is test/transfer-head.ts's. */
const short = references.filter(({ weights }) => weights.includes("0.25"));

describeWithShared(
	"a new head on a published network",
	short.flatMap(({ data, weights }) => [`data/${data}`, `weights/${weights}`]),
	() => {
		for (const { data, weights, percent: reference } of short)
			it(`classifies ${data} as well as the reference`, async () => {
				const { percent, seconds } = await transfer(data, weights);
				expect(percent).toBeGreaterThanOrEqual(reference - pointsBelow);
				expect(seconds.embedding + seconds.training).toBeLessThan(30);
			});
	},
);
