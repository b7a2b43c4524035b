/** Batch norm, the pool, dropout, the losses and the norm of the gradients in every build: difficult inputs, and random shapes against the reference. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Geometry } from "./kernel.ts";
import { loadBuild } from "./load.ts";
import type { Operation } from "./operations.ts";
import { compute, distance } from "./self-test.ts";
import { kernels, pitchOf } from "./table.ts";
import { trainingKernels } from "./training-table.ts";
import type { Build } from "./walker.ts";

describe.each(["wide", "relaxed", "baseline", "reference"] satisfies Build[])("the %s build", (build) => {
	const all = { ...kernels, ...trainingKernels };
	const pitch = 8;
	/** The loss and the gradient of one picture, in the build, of these logits and targets. */
	async function lossOf(input: readonly number[], targets: readonly number[], temperature = 1) {
		const { loaded } = await loadBuild({ build, kernelSet: "training" });
		const given: Record<string, readonly number[]> = { input, targets, factors: [1, temperature] };
		const own = { ...all.crossEntropy!, sample: (name: string) => (i: number) => given[name]?.[i] ?? 9 };
		const sampled = { ...loaded, kernels: { ...loaded.kernels, crossEntropy: own } };
		const geometry: Geometry<"crossEntropy"> = { classes: input.length, pitch, adds: 0 };
		const [gradient, losses] = compute(sampled, "crossEntropy", geometry, 1);
		return { gradient: gradient!, loss: losses![0]! };
	}

	it("computes cross-entropy of logits far apart", async () => {
		const { loss, gradient } = await lossOf([1e4, -1e4, 0], [0, 1, 0]);
		expect(loss).toBeCloseTo(2e4, 2);
		expect([...gradient]).toEqual([1, -1, 0, 0, 0, 0, 0, 0].map((x) => expect.closeTo(x, 6)));
		expect((await lossOf([1e4, -1e4, 0], [1, 0, 0])).loss).toBe(0);
		expect((await lossOf([-1e4, -1e4, -1e4, -1e4], [0.25, 0.25, 0.25, 0.25])).loss).toBeCloseTo(
			Math.log(4),
			6,
		);
		// The softmax of 5 and 0 at temperature 5 is that of 1 and 0.
		expect((await lossOf([1e4 + 5, 1e4], [1, 0], 5)).loss).toBeCloseTo(Math.log(1 + Math.exp(-1)), 5);
	});

	it("propagates NaN to the loss", async () => {
		for (const bad of [Number.NaN, Number.POSITIVE_INFINITY])
			for (let at = 0; at < 5; at++) {
				const logits = [0, 1, 2, 3, 4].map((x) => (x === at ? bad : x));
				expect((await lossOf(logits, [0, 1, 0, 0, 0])).loss).toBeNaN();
			}
		expect(Number.isFinite((await lossOf([0, Number.NEGATIVE_INFINITY], [0, 1])).loss)).toBe(false);
	});

	// The rest compares with the reference.
	if (build === "reference") return;

	const agrees = async <O extends Operation>(
		operation: O,
		shapes: fc.Arbitrary<Geometry<O>>,
		numRuns = 150,
	): Promise<void> => {
		const { loaded } = await loadBuild({ build, kernelSet: "training" });
		fc.assert(
			fc.property(shapes, fc.integer({ min: 1, max: 3 }), fc.integer(), (shape, pictures, seed) => {
				const got = compute(loaded, operation, shape, pictures, seed);
				const expected = compute({ build: "reference", kernels: all }, operation, shape, pictures, seed);
				expect(distance(got, expected)).toBeLessThan(2e-5);
			}),
			{ numRuns },
		);
	};
	const upTo = (max: number) => fc.integer({ min: 1, max });
	const flag = fc.constantFrom(0, 1);
	const channels = upTo(70);
	/** The usual pitch, or a larger one. */
	const pitched = (arbitrary: fc.Arbitrary<number>) =>
		fc.tuple(arbitrary, fc.constantFrom(0, 8, 24)).map(([c, more]) => [c, pitchOf(c) + more] as const);

	it("agrees with the reference on batch norm of every shape", async () => {
		const shapes = fc.record({
			rows: upTo(30),
			bandRows: upTo(40),
			pixels: upTo(60),
			channels,
			frozen: flag,
			unbiased: flag,
		});
		await agrees("batchNorm", shapes);
		await agrees(
			"batchNormBackward",
			shapes.map(({ unbiased: _, ...shape }) => shape),
		);
	});

	it("agrees with the reference on pools of every shape", async () => {
		const shapes = fc
			.record({ rows: upTo(60), channels: pitched(channels), bandRows: upTo(80) })
			.map(({ rows, channels: [c, inputPitch], bandRows }) => ({
				rows,
				channels: c,
				inputPitch,
				bandRows,
				pitch: pitchOf(c),
			}));
		await agrees(
			"trainAveragePool",
			shapes.map(({ bandRows: _, pitch, ...shape }) => ({ ...shape, outputPitch: pitch })),
		);
		await agrees(
			"averagePoolBackward",
			shapes.map(({ pitch, ...shape }) => ({ ...shape, gradientPitch: pitch })),
		);
	});

	it("agrees with the reference on losses and dropout of every width", async () => {
		const shapes = pitched(upTo(100)).map(([classes, pitch]) => ({ classes, pitch, adds: 1 }));
		await agrees("crossEntropy", shapes);
		await agrees("squaredError", shapes);
		await agrees(
			"dropout",
			shapes.map(({ classes, pitch }) => ({ channels: classes, pitch })),
		);
	});

	it("agrees with the reference on sums of squares in every number of slices", async () => {
		const shapes = fc.record({ length: upTo(300).map((n) => n * 16), slices: upTo(12) });
		await agrees("gradientNorm", shapes);
	});
});
