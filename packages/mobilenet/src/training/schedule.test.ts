import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { learningRateAt, paperSchedule, type RateSettings, type Schedule } from "./schedule.ts";

const settings = (changes: Partial<RateSettings>): RateSettings => ({
	learningRate: 1,
	schedule: { kind: "constant" },
	warmUp: 0,
	epochs: 10,
	...changes,
});
const rates = (of: RateSettings, steps: readonly number[], stepsPerEpoch: number) =>
	steps.map((step) => learningRateAt(of, step, stepsPerEpoch));

describe("the learning rate", () => {
	it("stays where it is", () => {
		expect(rates(settings({}), [0, 5, 99], 10)).toEqual([1, 1, 1]);
	});

	it("falls as a staircase, the paper's by 0.94 every second epoch", () => {
		const paper = settings({ schedule: paperSchedule, learningRate: 0.045 });
		expect(rates(paper, [0, 19, 20, 39, 40], 10)).toEqual([
			0.045,
			0.045,
			0.045 * 0.94,
			0.045 * 0.94,
			0.045 * 0.94 ** 2,
		]);
	});

	it("falls as half a cosine", () => {
		const cosine = settings({ schedule: { kind: "cosine" }, epochs: 4 });
		const [start, third, half, twoThirds] = rates(cosine, [0, 4, 6, 8], 3);
		expect(start).toBe(1);
		// cos 60° and cos 120°
		expect(third).toBeCloseTo(0.75, 12);
		expect(half).toBeCloseTo(0.5, 12);
		expect(twoThirds).toBeCloseTo(0.25, 12);
	});

	it("rises in a line first, and a cosine begins where it ends", () => {
		const warm = settings({ schedule: { kind: "cosine" }, warmUp: 2, epochs: 4 });
		expect(rates(warm, [0, 1, 2, 3, 4], 2)).toEqual([0.25, 0.5, 0.75, 1, 1]);
		expect(learningRateAt(warm, 6, 2)).toBeCloseTo(0.5, 12);
	});

	it("is never above its height nor below 0, whatever the schedule", () => {
		const schedules = fc.constantFrom<Schedule>({ kind: "constant" }, { kind: "cosine" }, paperSchedule, {
			kind: "exponential",
			factor: 0.5,
			epochs: 0.5,
		});
		fc.assert(
			fc.property(
				schedules,
				fc.integer({ min: 1, max: 20 }),
				fc.integer({ min: 1, max: 50 }),
				fc.double({ min: 0, max: 1, noNaN: true }),
				(schedule, epochs, each, warm) => {
					const of = settings({ schedule, epochs, warmUp: warm * epochs });
					for (let step = 0; step < epochs * each; step++) {
						const rate = learningRateAt(of, step, each);
						expect(rate >= 0 && rate <= 1).toBe(true);
					}
				},
			),
		);
	});
});
