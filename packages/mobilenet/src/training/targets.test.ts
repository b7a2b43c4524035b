import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dropoutSeed, mixup, mixupShare, writeTargets } from "./targets.ts";

describe("targets", () => {
	it("are (1 − s)·one-hot + s/K, as PyTorch's label smoothing", () => {
		const into = new Float32Array(8).fill(7);
		writeTargets([2, 0], { classes: 3, labelSmoothing: 0.3 }, into, 4);
		expect([...into].map((x) => Number(x.toFixed(6)))).toEqual([0.1, 0.1, 0.8, 7, 0.8, 0.1, 0.1, 7]);
	});

	it("add up to the class's weight, and to nothing without a class", () => {
		const into = new Float32Array(9).fill(7);
		writeTargets(
			[1, -1, 0],
			{ classes: 3, labelSmoothing: 0.1, classWeights: Float32Array.of(0.5, 2, 1) },
			into,
			3,
		);
		const sums = [0, 3, 6].map((at) => into.subarray(at, at + 3).reduce((a, b) => a + b));
		expect(sums[0]).toBeCloseTo(2);
		expect(sums[1]).toBe(0);
		expect(sums[2]).toBeCloseTo(0.5);
	});
});

describe("mixup", () => {
	const place = { seed: 1, epoch: 2, batch: 3 };

	it("mixes pictures and targets of a pair alike, in place, to bytes and floats", () => {
		const pixels = Uint8Array.of(0, 255, 10, 20, 50, 60, 200, 0);
		const targets = Float32Array.of(1, 0, 0, 0, 1, 0, 0, 1);
		const share = mixupShare(1, place) / 256;
		mixup(1, place, 4, pixels, [{ values: targets, pitch: 2 }]);
		const mixed = (a: number, b: number) => Math.floor(share * a + (1 - share) * b + 0.5);
		expect([...pixels]).toEqual([
			mixed(0, 200),
			mixed(255, 0),
			mixed(10, 50),
			mixed(20, 60),
			mixed(50, 10),
			mixed(60, 20),
			mixed(200, 0),
			mixed(0, 255),
		]);
		expect(targets[0]).toBeCloseTo(share);
		expect(targets[1]).toBeCloseTo(1 - share);
		expect(targets[6]).toBeCloseTo(1 - share);
	});

	it("depends on seed, epoch and batch, and on nothing else", () => {
		const shares = [place, place, { ...place, seed: 2 }, { ...place, epoch: 3 }, { ...place, batch: 4 }].map(
			(at) => mixupShare(0.7, at),
		);
		expect(shares[1]).toBe(shares[0]);
		expect(new Set(shares).size).toBeGreaterThan(2);
	});

	it("leaves everything as it is at 0, and the sums of pairs whatever α", () => {
		const pixels = Uint8Array.of(1, 2, 3, 4);
		mixup(0, place, 2, pixels, []);
		expect([...pixels]).toEqual([1, 2, 3, 4]);
		fc.assert(
			fc.property(
				fc.double({ min: 0.001, max: 1, noNaN: true }),
				fc.nat(1000),
				fc.integer({ min: 1, max: 9 }),
				(alpha, batch, pictures) => {
					const targets = Float32Array.from({ length: pictures }, (_, i) => i);
					const before = targets.reduce((a, b) => a + b);
					mixup(alpha, { ...place, batch }, pictures, new Uint8Array(pictures), [
						{ values: targets, pitch: 1 },
					]);
					expect(targets.reduce((a, b) => a + b)).toBeCloseTo(before, 3);
					// A middle one has no partner.
					if (pictures % 2 === 1) expect(targets[(pictures - 1) / 2]).toBe((pictures - 1) / 2);
				},
			),
		);
	});

	it("draws λ from Beta(α, α): mean 1/2, variance 1 / (8α + 4)", () => {
		for (const alpha of [0.2, 1]) {
			const shares = Array.from({ length: 4000 }, (_, batch) => mixupShare(alpha, { ...place, batch }) / 256);
			const mean = shares.reduce((a, b) => a + b) / shares.length;
			const variance = shares.reduce((sum, x) => sum + (x - mean) ** 2, 0) / shares.length;
			expect(mean).toBeCloseTo(0.5, 1);
			expect(variance / (1 / (8 * alpha + 4))).toBeCloseTo(1, 1);
		}
	});
});

describe("the dropout's seed", () => {
	it("is a word of 32 bits, another one in every batch", () => {
		const seeds = Array.from({ length: 100 }, (_, batch) => dropoutSeed({ seed: 1, epoch: 0, batch }));
		expect(new Set(seeds).size).toBe(100);
		expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)).toBe(true);
	});
});
