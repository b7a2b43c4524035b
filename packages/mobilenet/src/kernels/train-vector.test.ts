/**
 * The reference kernels that work channel by channel in training: batch norm, the pool and the losses against finite
 * differences and their properties, the probabilities of dropout, the norm of the gradients.
 */
import { describe, expect, it } from "vitest";
import { batchNorm, batchNormBackward } from "./reference/batch-norm.ts";
import { chance, dropout } from "./reference/dropout.ts";
import { gradientNorm } from "./reference/gradient-norm.ts";
import { crossEntropy, squaredError } from "./reference/losses.ts";
import { averagePoolBackward, trainAveragePool } from "./reference/train-average-pool.ts";
import { bandsOf, normOf, partialsOf, vectorOf } from "./training-shapes.ts";

/** The reference computes in float64 if its arrays are float64. */
const doubles = (values: number | readonly number[]): Float32Array =>
	(typeof values === "number"
		? new Float64Array(values)
		: Float64Array.from(values)) as unknown as Float32Array;
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
/** Irregular numbers in −1…1, always the same. */
const wave = (n: number, seed: number): number[] =>
	range(n).map((i) => Math.sin(seed + 12.9898 * i * (1 + seed)));
const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

/** The derivative of `of` with respect to each of the values, by central differences. */
function differences(values: Float32Array, count: number, of: () => number): number[] {
	const step = 1e-5;
	return range(count).map((i) => {
		const value = values[i]!;
		values[i] = value + step;
		const above = of();
		values[i] = value - step;
		const below = of();
		values[i] = value;
		return (above - below) / (2 * step);
	});
}

function expectClose(got: Iterable<number>, expected: Iterable<number>): void {
	const [a, b] = [[...got], [...expected]];
	const largest = Math.max(...b.map(Math.abs));
	expect(largest).toBeGreaterThan(1e-3);
	a.forEach((x, i) => {
		expect(Math.abs(x - b[i]!)).toBeLessThan(1e-7 * Math.max(1, largest));
	});
}

describe("batch norm", () => {
	const [pictures, rows, width, channels, bandRows] = [3, 5, 2, 3, 4];
	const pixels = rows * width;
	const n = pictures * pixels;
	const vector = vectorOf(channels);
	const shape = { rows, bandRows, pixels, channels };

	/** Sums of `first` and of `second` over the pixels of each band. */
	function partialsFrom(first: (i: number) => number, second: (i: number) => number): Float32Array {
		const partials = doubles(partialsOf(pictures * rows, bandRows, channels));
		for (let pixel = 0; pixel < n; pixel++)
			for (let c = 0; c < channels; c++) {
				const band = Math.floor(pixel / width / bandRows);
				partials[band * 2 * vector + c]! += first(pixel * channels + c);
				partials[(band * 2 + 1) * vector + c]! += second(pixel * channels + c);
			}
		return partials;
	}

	function layer(frozen: number, unbiased = 1) {
		const y = doubles(wave(n * channels, 0.3).map((x, i) => x + (i % channels)));
		const operands = {
			...shape,
			frozen,
			unbiased,
			gamma: doubles([0.7, -1.2, 0.4]),
			beta: doubles([0.1, 0.2, -0.3]),
			runningMean: doubles([0.5, 0.4, 0.3]),
			runningVariance: doubles([0.9, 1.1, 1.3]),
			constants: doubles([1e-3, 0.1]),
			norm: doubles(normOf(channels)),
		};
		const norms = () => {
			const partials = partialsFrom(
				(i) => y[i]!,
				(i) => y[i]! ** 2,
			);
			const [runningMean, runningVariance] = [operands.runningMean.slice(), operands.runningVariance.slice()];
			batchNorm({ ...operands, partials, runningMean, runningVariance }, pictures);
			return { norm: operands.norm, runningMean, runningVariance };
		};
		const z = (norm: Float32Array, i: number) => norm[i % channels]! * y[i]! + norm[vector + (i % channels)]!;
		// An arbitrary smooth function of z, whose derivative is u + v · z.
		const [u, v] = [wave(n * channels, 1.1), wave(n * channels, 2.3)];
		const loss = () => {
			const { norm } = norms();
			return sum(range(n * channels).map((i) => u[i]! * z(norm, i) + (v[i]! / 2) * z(norm, i) ** 2));
		};
		return {
			y,
			operands,
			norms,
			z,
			gradient: (norm: Float32Array, i: number) => u[i]! + v[i]! * z(norm, i),
			loss,
		};
	}

	it.each([0, 1])("has the gradients of finite differences (frozen: %i)", (frozen) => {
		const { y, operands, norms, gradient, loss } = layer(frozen);
		const { norm } = norms();
		const g = (i: number): number => gradient(norm, i);
		const hat = (i: number): number =>
			(y[i]! - norm[2 * vector + (i % channels)]!) * norm[3 * vector + (i % channels)]!;
		const [gammaGradient, betaGradient] = [doubles([1, 2, 3]), doubles([4, 5, 6])];
		const partials = partialsFrom(g, (i) => g(i) * hat(i));
		batchNormBackward({ ...shape, frozen, partials, norm, gammaGradient, betaGradient }, pictures);
		const dy = range(n * channels).map((i) => {
			const [p, q, r] = [4, 5, 6].map((k) => norm[k * vector + (i % channels)]!);
			return p! * g(i) + q! * y[i]! + r!;
		});
		const all = [differences(y, n * channels, loss)];
		for (const values of [operands.gamma, operands.beta]) all.push(differences(values, channels, loss));
		expectClose(dy, all[0]!);
		// Gradients are added to what was there.
		expectClose(
			[...gammaGradient].map((x, c) => x - (c + 1)),
			all[1]!,
		);
		expectClose(
			[...betaGradient].map((x, c) => x - (c + 4)),
			all[2]!,
		);
	});

	it("normalizes to mean 0 and variance 1, and updates the running statistics", () => {
		for (const unbiased of [0, 1]) {
			const { y, operands, norms, z } = layer(0, unbiased);
			const { norm, runningMean, runningVariance } = norms();
			for (let c = 0; c < channels; c++) {
				const own = range(n).map((i) => i * channels + c);
				const mean = sum(own.map((i) => y[i]!)) / n;
				const variance = sum(own.map((i) => (y[i]! - mean) ** 2)) / n;
				expect(sum(own.map((i) => z(norm, i))) / n).toBeCloseTo(operands.beta[c]!, 10);
				const spread = sum(own.map((i) => (z(norm, i) - operands.beta[c]!) ** 2)) / n;
				const epsilon = operands.constants[0]!;
				expect(spread).toBeCloseTo((operands.gamma[c]! ** 2 * variance) / (variance + epsilon), 10);
				expect(runningMean[c]).toBeCloseTo(0.9 * operands.runningMean[c]! + 0.1 * mean, 10);
				const gathered = unbiased ? (variance * n) / (n - 1) : variance;
				expect(runningVariance[c]).toBeCloseTo(0.9 * operands.runningVariance[c]! + 0.1 * gathered, 10);
			}
		}
	});

	it("neither reads sums nor updates statistics if frozen", () => {
		const { operands } = layer(1);
		const [runningMean, runningVariance] = [operands.runningMean.slice(), operands.runningVariance.slice()];
		const partials = doubles(partialsOf(pictures * rows, bandRows, channels)).fill(Number.NaN);
		batchNorm({ ...operands, runningMean, runningVariance, partials }, pictures);
		expect(runningMean).toEqual(operands.runningMean);
		expect(runningVariance).toEqual(operands.runningVariance);
		expect(operands.norm[0]).toBeCloseTo(0.7 / Math.sqrt(0.9 + 1e-3), 12);
		expect([...operands.norm].every(Number.isFinite)).toBe(true);
	});

	it("never takes the root of a variance that rounding made negative, and accepts a single pixel", () => {
		const { operands } = layer(0);
		const partials = doubles(2 * vector).fill(100, 0, channels);
		// The square of 100, and a little less.
		partials.fill(9999.9, vector, vector + channels);
		const one = { ...operands, partials, rows: 1, bandRows: 1, pixels: 1 };
		batchNorm(one, 1);
		expect(one.norm[3 * vector]).toBeCloseTo(1 / Math.sqrt(1e-3), 10);
		expect(one.runningVariance[0]).toBeCloseTo(0.9 * 0.9, 12);
	});
});

describe("the pool", () => {
	it("has the gradients of finite differences, and sums that are those of shift and scale", () => {
		const [pictures, rows, channels, bandRows] = [2, 5, 3, 4];
		const vector = vectorOf(channels);
		const shape = { rows, channels, inputPitch: 4, outputPitch: 5, gradientPitch: 5, bandRows };
		const activation = doubles([0.2, 0.6]);
		const inputNorm = doubles(normOf(channels));
		[0.9, -0.8, 1.1].forEach((x, c) => {
			inputNorm[c] = x;
		});
		[0.1, 0.2, -0.1].forEach((x, c) => {
			inputNorm[vector + c] = x;
		});
		[0.3, -0.2, 0.1].forEach((x, c) => {
			inputNorm[2 * vector + c] = x;
		});
		[1.5, 0.7, 2].forEach((x, c) => {
			inputNorm[3 * vector + c] = x;
		});
		const input = doubles(wave(pictures * rows * 4, 0.7));
		const kinks = range(pictures * rows * channels).map((i) => {
			const c = i % channels;
			const z = inputNorm[c]! * input[Math.floor(i / channels) * 4 + c]! + inputNorm[vector + c]!;
			return Math.min(Math.abs(z), Math.abs(z - 0.6));
		});
		expect(Math.min(...kinks)).toBeGreaterThan(1e-3);

		const gradient = doubles(wave(pictures * 5, 1.9));
		const loss = (): number => {
			const output = doubles(pictures * 5);
			trainAveragePool({ ...shape, input, inputNorm, activation, output }, pictures);
			return sum(
				range(pictures * channels).map((i) => {
					const at = Math.floor(i / channels) * 5 + (i % channels);
					return gradient[at]! * output[at]!;
				}),
			);
		};
		const inputGradient = doubles(pictures * rows * 4);
		const partials = doubles(partialsOf(pictures * rows, bandRows, channels));
		averagePoolBackward(
			{ ...shape, gradient, input, inputNorm, activation, inputGradient, partials },
			pictures,
		);

		const byInput = differences(input, input.length, loss);
		expectClose(
			[...inputGradient].map((g, i) => g * inputNorm[i % 4]! * (i % 4 < channels ? 1 : 0)),
			byInput,
		);
		const byNorm = differences(inputNorm, 2 * vector, loss);
		const bands = range(bandsOf(pictures * rows, bandRows));
		const sums = range(2 * vector).map((k) => sum(bands.map((band) => partials[band * 2 * vector + k]!)));
		expectClose(sums.slice(0, channels), byNorm.slice(vector, vector + channels));
		// z = scale · y + shift, y = mean + deviation · x̂: Σ g · y in terms of the sums.
		expectClose(
			range(channels).map(
				(c) => sums[c]! * inputNorm[2 * vector + c]! + sums[vector + c]! / inputNorm[3 * vector + c]!,
			),
			byNorm.slice(0, channels),
		);
	});
});

describe("the losses", () => {
	const pitch = 8;
	const classes = 5;
	const made = (input: readonly number[], targets: readonly number[]) => ({
		input: doubles(input),
		targets: doubles(targets),
		factors: doubles([0.7, 2.5]),
		gradient: doubles(input.length),
		losses: doubles(input.length / pitch),
		classes,
		pitch,
		adds: 0,
	});
	const [input, targets] = [
		wave(2 * pitch, 0.4).map((x) => 3 * x),
		wave(2 * pitch, 1.4).map((x) => Math.abs(x)),
	];

	it.each([
		["cross-entropy", crossEntropy],
		["squared error", squaredError],
	] as const)("%s has the gradient of finite differences, whatever its targets add up to", (_, loss) => {
		const operands = made(input, targets);
		const total = (): number => {
			loss(operands, 2);
			return sum(operands.losses);
		};
		const expected = differences(operands.input, 2 * pitch, total);
		total();
		expectClose(operands.gradient, expected);
		const once = { gradient: operands.gradient.slice(), losses: operands.losses.slice() };
		loss({ ...operands, adds: 1 }, 2);
		expectClose(
			operands.gradient,
			[...once.gradient].map((x) => 2 * x),
		);
		expectClose(
			operands.losses,
			[...once.losses].map((x) => 2 * x),
		);
	});

	it("is the entropy of the classes if all are equally likely, and 0 if the right one is certain", () => {
		const alike = { ...made([1, 1, 1, 1, 1, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0]), factors: doubles([1, 1]) };
		crossEntropy(alike, 1);
		expect(alike.losses[0]).toBeCloseTo(Math.log(5), 12);
		expect(alike.gradient[1]).toBeCloseTo(0.2 - 1, 12);
	});
});

describe("dropout", () => {
	it("keeps its share over pictures, channels and seeds", () => {
		const count = 256;
		for (const keep of [0.001, 0.5, 0.8, 0.999]) {
			const kept = (of: (i: number) => readonly [number, number, number], n: number): number =>
				sum(range(n).map((i) => (chance(...of(i)) < keep ? 1 : 0)));
			const expectShare = (kept_: number, n: number): void => {
				// Five standard deviations of a binomial distribution.
				expect(Math.abs(kept_ - n * keep)).toBeLessThan(5 * Math.sqrt(n * keep * (1 - keep)) + 1);
			};
			expectShare(
				kept((i) => [7, Math.floor(i / count), i % count], count ** 2),
				count ** 2,
			);
			expectShare(
				kept((i) => [7, 3, i], 20_000),
				20_000,
			);
			expectShare(
				kept((i) => [7, i, 3], 20_000),
				20_000,
			);
			expectShare(
				kept((i) => [i, 3, 3], 20_000),
				20_000,
			);
		}
	});

	it("decides about neighbors independently", () => {
		const n = 40_000;
		const signs = (of: (i: number) => number): number[] => range(n).map((i) => (of(i) < 0.5 ? 1 : -1));
		const own = signs((i) => chance(11, i >> 8, i & 255));
		for (const other of [
			(i: number) => chance(11, i >> 8, (i & 255) + 1),
			(i: number) => chance(11, (i >> 8) + 1, i & 255),
			(i: number) => chance(12, i >> 8, i & 255),
		])
			expect(Math.abs(sum(signs(other).map((s, i) => s * own[i]!)))).toBeLessThan(5 * Math.sqrt(n));
	});

	it("is the same for a picture in any run of a step, and keeps the mean", () => {
		const run = (first: number, pictures: number): Float32Array => {
			const values = new Float32Array(pictures * 8).fill(3);
			const settings = Int32Array.of(5, first);
			dropout({ values, settings, keep: Float32Array.of(0.75), channels: 7, pitch: 8 }, pictures);
			return values;
		};
		const whole = run(0, 6);
		expect([...run(0, 2), ...run(2, 4)]).toEqual([...whole]);
		expect(new Set(whole)).toEqual(new Set([0, 4, 3]));
		expect(whole.every((x, i) => i % 8 < 7 || x === 3)).toBe(true);
	});
});

describe("the gradients' norm", () => {
	it("is summed in slices that are multiples of 16", () => {
		const sums = new Float32Array(2);
		const gradients = Float32Array.from({ length: 48 }, (_, i) => (i < 16 ? 1 : 2));
		gradientNorm({ gradients, sums, length: 48, slices: 2 });
		expect([...sums]).toEqual([16, 128]);
	});
});
