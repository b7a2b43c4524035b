/**
 * The training kernels that work channel by channel, picture by picture or number by number: batch norm's statistics,
 * the pool, dropout, the losses, the norm of the gradients and the optimizers.
 */
import type { Geometry, Kernel } from "./kernel.ts";
import { batchNorm, batchNormBackward } from "./reference/batch-norm.ts";
import { dropout } from "./reference/dropout.ts";
import { gradientNorm } from "./reference/gradient-norm.ts";
import { crossEntropy, squaredError } from "./reference/losses.ts";
import { adamw, movingAverage, rmsprop, sgd } from "./reference/optimizers.ts";
import { averagePoolBackward, trainAveragePool } from "./reference/train-average-pool.ts";
import { pitchOf } from "./table.ts";
import { bandsOf, normOf, normVectors, partialsOf, settingNames, vectorOf } from "./training-shapes.ts";

type VectorOperation =
	| "batchNorm"
	| "trainAveragePool"
	| "dropout"
	| "crossEntropy"
	| "squaredError"
	| "averagePoolBackward"
	| "batchNormBackward"
	| "gradientNorm"
	| "sgd"
	| "rmsprop"
	| "adamw"
	| "movingAverage";

/** A parameter with one number per channel. */
const vectorParameter = (channels: number) => ["bias", [channels, 1, 1, 1]] as const;
/** The same as a result, including what lies between the last channel and the end of the vector, which must stay zero. */
const vectorResult = <Name extends string>(operand: Name, channels: number) =>
	({ operand, rows: 1, channels: vectorOf(channels), pitch: vectorOf(channels) }) as const;

type NormGeometry = Pick<Geometry<"batchNorm">, "rows" | "bandRows" | "pixels" | "channels" | "frozen">;
const normsOf = (
	rows: number,
	bandRows: number,
	pixels: number,
	channels: number,
	frozen: number,
): NormGeometry => ({ rows, bandRows, pixels, channels, frozen });
const normExtents = (g: NormGeometry) => ({
	partials: partialsOf(g.rows, g.bandRows, g.channels),
	norm: normOf(g.channels),
});
const normResult = (g: NormGeometry, vectors: number) =>
	({ operand: "norm", rows: vectors, channels: vectorOf(g.channels), pitch: vectorOf(g.channels) }) as const;
/** Whether item `i` of partials is a second sum, of squares or products. */
const isSecond = (i: number, channels: number): boolean => Math.floor(i / vectorOf(channels)) % 2 === 1;
/** Layers of 1.0-224 and 0.25-96, and odd ones, in bands that a plan may have. */
const realNorms = [
	normsOf(112, 14, 112 * 112, 32, 0),
	normsOf(196, 100, 196, 512, 0),
	normsOf(49, 49, 49, 1024, 1),
	normsOf(48, 20, 48 * 48, 8, 0),
	normsOf(529, 64, 529, 22, 0),
];

const poolOf = (rows: number, channels: number): Geometry<"trainAveragePool"> => ({
	rows,
	channels,
	inputPitch: pitchOf(channels),
	outputPitch: pitchOf(channels),
});
const poolBackwardOf = (
	rows: number,
	channels: number,
	bandRows: number,
): Geometry<"averagePoolBackward"> => ({
	rows,
	channels,
	gradientPitch: pitchOf(channels),
	inputPitch: pitchOf(channels),
	bandRows,
});

type LossGeometry = Geometry<"crossEntropy">;
const lossOf = (classes: number, adds: number): LossGeometry => ({
	classes,
	pitch: pitchOf(classes),
	adds,
});
const lossExtents = (g: LossGeometry) => ({
	input: g.pitch,
	targets: g.pitch,
	factors: 2,
	gradient: g.pitch,
	losses: 1,
});
const lossResults = (g: LossGeometry, pictures: number) =>
	[
		{ operand: "gradient", rows: pictures, channels: g.pitch, pitch: g.pitch },
		{ operand: "losses", rows: 1, channels: pictures, pitch: pictures },
	] as const;
/** Logits some units apart, probabilities that do not add up to 1, a weight and a temperature. */
const lossSample = (operand: string, g: LossGeometry, random: () => number) => {
	if (operand === "input") return () => 4 * random();
	if (operand === "targets") return () => (random() + 1) / g.classes;
	return operand === "factors" ? (i: number) => [0.7, 2.5][i]! : undefined;
};
const smallLosses = [lossOf(7, 0), lossOf(1, 1), lossOf(16, 1), lossOf(21, 0)];
const realLosses = [lossOf(1001, 0), lossOf(1000, 1), lossOf(20, 0)];

/** Settings with which every term of an optimizer has an effect. */
const sampleSettings: Readonly<Record<(typeof settingNames)[number], number>> = {
	learningRate: 0.1,
	weightDecay: 0.05,
	gradientFactor: 0.7,
	momentum: 0.9,
	nesterov: 1,
	decay: 0.9,
	beta1: 0.9,
	beta2: 0.99,
	epsilon: 0.01,
	firstCorrection: 1.5,
	secondCorrection: 2.5,
	averageShare: 0.3,
};
/** Squares are not negative. */
const optimizerSample = (operand: string, _: unknown, random: () => number) => {
	if (operand === "second") return () => (random() + 1) / 2;
	return operand === "settings" ? (i: number) => sampleSettings[settingNames[i]!] : undefined;
};
const numbers = <Name extends string>(operand: Name, length: number) =>
	({ operand, rows: 1, channels: length, pitch: length }) as const;
const settings = settingNames.length;
const smallSteps = [
	{ length: 16, decays: 0 },
	{ length: 48, decays: 1 },
];
const realSteps = [
	{ length: 256 * 1024, decays: 1 },
	{ length: 128 * 9, decays: 0 },
];

export const trainingVectorKernels: { readonly [O in VectorOperation]: Kernel<O> } = {
	batchNorm: {
		reference: batchNorm,
		parameters: ({ channels }) => ({
			gamma: vectorParameter(channels),
			beta: vectorParameter(channels),
			runningMean: vectorParameter(channels),
			runningVariance: vectorParameter(channels),
		}),
		extents: (g) => ({ ...normExtents(g), constants: 2 }),
		results: (g) => [
			normResult(g, 4),
			vectorResult("runningMean", g.channels),
			vectorResult("runningVariance", g.channels),
		],
		// Sums over a band's pixels of numbers in −1…1, and sums of squares so large that the variance is not negative.
		sample: (operand, g, random) => {
			const pixels = (Math.min(g.rows, g.bandRows) / g.rows) * g.pixels;
			if (operand === "partials")
				return (i) => pixels * (isSecond(i, g.channels) ? 1.5 + random() / 2 : random());
			if (operand === "runningVariance") return () => 1 + random() / 2;
			return operand === "constants" ? (i) => [1e-3, 0.1][i]! : undefined;
		},
		small: [
			{ ...normsOf(5, 2, 25, 11, 0), unbiased: 1 },
			{ ...normsOf(1, 1, 1, 8, 0), unbiased: 1 },
			{ ...normsOf(3, 4, 9, 17, 1), unbiased: 0 },
			{ ...normsOf(6, 1, 6, 33, 0), unbiased: 0 },
		],
		real: realNorms.map((g) => ({ ...g, unbiased: 1 })),
	},
	trainAveragePool: {
		reference: trainAveragePool,
		extents: (g) => ({
			input: g.rows * g.inputPitch,
			inputNorm: normOf(g.channels),
			activation: 2,
			output: g.outputPitch,
		}),
		results: (g, pictures) => [
			{ operand: "output", rows: pictures, channels: g.channels, pitch: g.outputPitch },
		],
		small: [poolOf(1, 8), poolOf(5, 11), poolOf(4, 24)],
		real: [poolOf(49, 1024), poolOf(9, 256), poolOf(4, 1024)],
	},
	dropout: {
		reference: dropout,
		extents: (g) => ({ values: g.pitch, settings: 2, keep: 1 }),
		results: (g, pictures) => [{ operand: "values", rows: pictures, channels: g.channels, pitch: g.pitch }],
		sample: (operand) => {
			if (operand === "settings") return (i) => [-123456789, 70][i]!;
			return operand === "keep" ? () => 0.6 : undefined;
		},
		small: [
			{ channels: 11, pitch: pitchOf(11) },
			{ channels: 24, pitch: pitchOf(24) },
		],
		real: [{ channels: 1024, pitch: pitchOf(1024) }],
	},
	crossEntropy: {
		reference: crossEntropy,
		extents: lossExtents,
		results: lossResults,
		sample: lossSample,
		small: smallLosses,
		real: realLosses,
	},
	squaredError: {
		reference: squaredError,
		extents: lossExtents,
		results: lossResults,
		sample: lossSample,
		small: smallLosses,
		real: realLosses,
	},
	averagePoolBackward: {
		reference: averagePoolBackward,
		extents: (g) => ({
			gradient: g.gradientPitch,
			input: g.rows * g.inputPitch,
			inputNorm: normOf(g.channels),
			activation: 2,
			inputGradient: g.rows * g.inputPitch,
			partials: partialsOf(g.rows, g.bandRows, g.channels),
		}),
		results: (g, pictures) => [
			{ operand: "inputGradient", rows: pictures * g.rows, channels: g.channels, pitch: g.inputPitch },
			{
				operand: "partials",
				rows: bandsOf(pictures * g.rows, g.bandRows) * 2,
				channels: g.channels,
				pitch: vectorOf(g.channels),
			},
		],
		// Multiples of 1/16, so that every build gets the same numbers at the corners of the activation.
		sample: (operand, _, random) =>
			operand === "input" || operand === "inputNorm" ? () => Math.round(random() * 16) / 16 : undefined,
		small: [poolBackwardOf(1, 8, 1), poolBackwardOf(5, 11, 3), poolBackwardOf(25, 24, 20)],
		real: [poolBackwardOf(49, 1024, 49), poolBackwardOf(9, 256, 200), poolBackwardOf(4, 1000, 3)],
	},
	batchNormBackward: {
		reference: batchNormBackward,
		parameters: ({ channels }) => ({
			gammaGradient: vectorParameter(channels),
			betaGradient: vectorParameter(channels),
		}),
		extents: normExtents,
		results: (g) => [
			normResult(g, normVectors.length),
			vectorResult("gammaGradient", g.channels),
			vectorResult("betaGradient", g.channels),
		],
		small: [normsOf(5, 2, 25, 11, 0), normsOf(1, 1, 1, 8, 0), normsOf(3, 4, 9, 17, 1)],
		real: realNorms,
	},
	gradientNorm: {
		reference: gradientNorm,
		extents: (g) => ({ gradients: g.length, sums: g.slices }),
		results: (g) => [numbers("sums", g.slices)],
		small: [
			{ length: 16, slices: 2 },
			{ length: 48, slices: 1 },
			{ length: 2512, slices: 3 },
		],
		real: [{ length: 256 * 1024, slices: 8 }],
	},
	sgd: {
		reference: sgd,
		extents: ({ length }) => ({ parameters: length, gradients: length, first: length, settings }),
		results: ({ length }) => [numbers("parameters", length), numbers("first", length)],
		sample: optimizerSample,
		small: smallSteps,
		real: realSteps,
	},
	rmsprop: {
		reference: rmsprop,
		extents: ({ length }) => ({
			parameters: length,
			gradients: length,
			first: length,
			second: length,
			settings,
		}),
		results: ({ length }) => [
			numbers("parameters", length),
			numbers("first", length),
			numbers("second", length),
		],
		sample: optimizerSample,
		small: smallSteps,
		real: realSteps,
	},
	adamw: {
		reference: adamw,
		extents: ({ length }) => ({
			parameters: length,
			gradients: length,
			first: length,
			second: length,
			settings,
		}),
		results: ({ length }) => [
			numbers("parameters", length),
			numbers("first", length),
			numbers("second", length),
		],
		sample: optimizerSample,
		small: smallSteps,
		real: realSteps,
	},
	movingAverage: {
		reference: movingAverage,
		extents: ({ length }) => ({ parameters: length, average: length, settings }),
		results: ({ length }) => [numbers("average", length)],
		sample: optimizerSample,
		small: [{ length: 16 }, { length: 80 }],
		real: [{ length: 256 * 1024 }],
	},
};
