/**
 * Threads, on the built files (where the worker's file is): results do not depend on their number, workers keep no
 * process alive, and one that dies is noticed.
 */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import { afterEach, describe, expect, it } from "vitest";
import { createExecutor, type Executor } from "../../dist/engine/executor.js";
import { integers } from "../../dist/engine/integers.js";
import { inferencePlan } from "../../dist/engine/plans/inference.js";
import { int8Plan } from "../../dist/engine/plans/int8.js";
import { readModel } from "../../dist/formats/read.js";
import { loadBuild } from "../../dist/kernels/load.js";
import type { Build } from "../../dist/kernels/walker.js";
import { MobileNet } from "../../dist/model/mobilenet.js";
import { configure } from "../../dist/network/configuration.js";
import { fold } from "../../dist/weights/fold.js";
import { initialize } from "../../dist/weights/initialize.js";
import { describeWithShared, shared } from "../support/shared.ts";

/** Workers that this process has started. */
const workers: Worker[] = [];
process.on("worker", (worker) => workers.push(worker));
/** Time for that event, and for workers to be ready. */
const settled = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 500));
afterEach(async () => {
	await settled();
	workers.length = 0;
});

async function allJoined(executor: Executor): Promise<void> {
	const deadline = performance.now() + 10_000;
	while (executor.threads() < executor.plan.threads) {
		if (performance.now() > deadline) throw new Error("the workers do not come");
		executor.run("floats", 1);
		await new Promise((resolve) => setTimeout(resolve, 1));
	}
}

describe.each(["wide", "relaxed", "baseline"] satisfies Build[])("the %s build", (build) => {
	it.each([
		{ alpha: 1, size: 96, classes: 33, batch: 1 },
		{ alpha: 0.35, size: 45, classes: 7, batch: 3, inputChannels: 1 },
		{ alpha: 0.25, size: 128, classes: 1001, batch: 4, activation: "leakyRelu" as const },
		{ alpha: 0.5, size: 64, classes: 2, batch: 2, lastBlock: "stride2" as const },
		// Shares of a single pixel.
		{ alpha: 0.5, size: 32, classes: 4, batch: 5 },
	])(
		"gives the same bits on any number of threads: %o",
		async ({ batch, ...options }) => {
			const model = initialize(configure(options), { seed: 5 });
			const run = async (threads: number, pictures: number): Promise<Float32Array[]> => {
				const { loaded } = await loadBuild({ build, shared: threads > 1 });
				const executor = createExecutor(inferencePlan(model, { build, batch, threads }), fold(model), loaded);
				await allJoined(executor);
				for (let i = 0; i < executor.floats.length; i++) executor.floats[i] = Math.sin(i * 0.7);
				executor.run("floats", pictures);
				const results = Array.from({ length: pictures }, (_, n) => executor.read("classifier", n));
				executor.dispose();
				return results;
			};
			for (const pictures of new Set([batch, 1])) {
				const expected = await run(1, pictures);
				expect(expected.some((row) => row.some((x) => x !== 0))).toBe(true);
				for (const threads of [2, 3, 5]) expect(await run(threads, pictures)).toEqual(expected);
			}
		},
		120_000,
	);
});

/** Of uint8, whose products are of words; and of int8, whose products are of bytes where those are exact. */
const integerNetworks = [
	"weights/mobilenet_v1_0.25_128_quant.tflite",
	"weights/mobilenet_v1_0.25_224_int8.tflite",
];

describeWithShared("an integer network", integerNetworks, () => {
	const cases = (["wide", "relaxed"] satisfies Build[]).flatMap((build) =>
		integerNetworks.map((path) => [path, build] as const),
	);
	it.each(cases)(
		"of %s gives the same bits on any number of threads, of words and of bytes, in the %s build",
		async (path, build) => {
			const model = await readModel(shared(path));
			const run = async (threads: number, ofBytes = true): Promise<Float32Array[]> => {
				const { loaded } = await loadBuild({ build, shared: threads > 1, kernelSet: "integer" });
				const bytes = ofBytes && "int8ByteSeparable" in loaded.kernels;
				const plan = int8Plan(model, { build: loaded.build, batch: 2, threads, bytes });
				const isOfBytes = plan.steps.some(({ operation }) => operation === "int8ByteSeparable");
				expect(isOfBytes).toBe(bytes && path.endsWith("_int8.tflite"));
				const executor = createExecutor(plan, integers(model), loaded);
				await allJoined(executor);
				for (let i = 0; i < executor.floats.length; i++) executor.floats[i] = Math.sin(i * 0.7);
				executor.run("floats", 2);
				const fromFloats = executor.read("probabilities", 1);
				for (let i = 0; i < executor.pixels.length; i++) executor.pixels[i] = i * 7919;
				executor.run("bytes", 2);
				const results = [fromFloats, executor.read("pool", 0), executor.read("probabilities", 1)];
				executor.dispose();
				return results;
			};
			const expected = await run(1);
			expect(expected.every((row) => row.some((x) => x !== 0))).toBe(true);
			expect(await run(1, false)).toEqual(expected);
			for (const threads of [2, 3, 5]) expect(await run(threads)).toEqual(expected);
		},
		120_000,
	);
});

describe("a model with threads", () => {
	const picture = { data: new Uint8Array(64 * 64 * 3).fill(50), width: 64, height: 64, channels: 3 };
	const small = { alpha: 0.25, size: 64, classes: 5 };

	it("starts no worker for one thread", async () => {
		const model = await MobileNet.create(small, { threads: 1 });
		await model.classify(picture);
		await settled();
		expect(workers.length).toBe(0);
	});

	it("runs small networks on one thread unless asked", async () => {
		expect((await MobileNet.create(small)).threads).toBe(1);
		expect((await MobileNet.create(small, { threads: 2 })).threads).toBe(2);
		await expect(MobileNet.create(small, { threads: 0 })).rejects.toThrow(/threads must be a whole number/);
	});

	it("sends its workers home when it is disposed", async () => {
		const model = await MobileNet.create(small, { threads: 3 });
		await model.classify(picture);
		await settled();
		expect(workers.length).toBe(2);
		const exits = workers.map((worker) => once(worker, "exit"));
		model.dispose();
		await Promise.all(exits);
	});

	it("notices a worker that has died", async () => {
		const model = await MobileNet.create(small, { threads: 2 });
		const before = await model.classify(picture);
		// Until the worker has joined, the others do its share.
		await settled();
		expect(await model.classify(picture)).toEqual(before);
		await workers[0]!.terminate();
		await expect(model.classify(picture)).rejects.toMatchObject({ code: "engine" });
		model.dispose();
	});

	it("keeps no process alive", () => {
		const entry = fileURLToPath(new URL("../../dist/index.js", import.meta.url));
		const script = `
			const { MobileNet } = await import(${JSON.stringify(entry)});
			const model = await MobileNet.create({ alpha: 0.25, size: 64 }, { threads: 3 });
			const picture = { data: new Uint8Array(64 * 64 * 3), width: 64, height: 64, channels: 3 };
			for (let i = 0; i < 200; i++) await model.classify(picture);
			console.log("done");`;
		expect(
			execFileSync(process.execPath, ["--input-type=module", "-e", script], {
				encoding: "utf8",
				timeout: 30_000,
			}),
		).toBe("done\n");
	});
});
