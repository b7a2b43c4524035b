/** Whole networks of unusual widths, sizes and conventions: every build that this machine has against the reference. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Build } from "../../src/kernels/walker.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { buildsHere } from "../support/builds.ts";

const options = fc.record({
	alpha: fc.constantFrom(0.1, 0.25, 0.35, 1.5),
	size: fc.integer({ min: 32, max: 320 }),
	inputChannels: fc.constantFrom(1, 3, 4),
	classes: fc.constantFrom(1, 2, 17, 1001),
	padding: fc.constantFrom("same" as const, "symmetric" as const),
	lastBlock: fc.constantFrom("stride1" as const, "stride2" as const),
	channelRounding: fc.constantFrom("floor" as const, "divisible8" as const),
	depth: fc.constantFrom("full" as const, "shallow" as const),
	activation: fc.constantFrom("relu6" as const, "relu" as const, "leakyRelu" as const),
});
/** Mult-adds that the reference does in a second or so. */
const mostMultAdds = 60e6;

describe("networks of any shape", () => {
	it("give on every build what they give on the reference", async () => {
		await fc.assert(
			fc.asyncProperty(options, fc.integer({ min: 0, max: 1000 }), async (configuration, seed) => {
				const create = (build: Build) =>
					MobileNet.create({ ...configuration, output: "logits" }, { seed, build });
				const reference = await create("reference");
				fc.pre(reference.cost().multAdds <= mostMultAdds);
				const models = await Promise.all(buildsHere.filter((build) => build !== "reference").map(create));
				const { size, inputChannels } = configuration;
				const input = Float32Array.from({ length: size * size * inputChannels }, (_, i) =>
					Math.sin(i * 12.9898 + seed),
				);
				const expected = await reference.run(input);
				const largest = Math.max(1e-3, ...expected.map(Math.abs));
				expect(["reference", ...models.map((model) => model.build)].toSorted()).toEqual(
					buildsHere.toSorted(),
				);
				for (const model of models) {
					const got = await model.run(input);
					expect(got.length).toBe(configuration.classes);
					for (const [k, x] of expected.entries()) expect(Math.abs(got[k]! - x) / largest).toBeLessThan(1e-3);
				}
			}),
			{ numRuns: 12 },
		);
	}, 120_000);

	it("give for a batch what they give for its pictures one by one", async () => {
		const model = await MobileNet.create({ alpha: 0.25, size: 64, classes: 10 }, { seed: 3 });
		const picture = 64 * 64 * 3;
		const input = Float32Array.from({ length: 5 * picture }, (_, i) => Math.sin(i));
		const batch = await model.run(input, { batch: 5 });
		for (let n = 0; n < 5; n++) {
			const one = await model.run(input.slice(n * picture, (n + 1) * picture));
			for (const [k, x] of one.entries()) expect(batch[n * 10 + k]).toBeCloseTo(x, 6);
		}
	});
});
