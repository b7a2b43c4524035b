/** The loop, on pictures of three colors. */
import { describe, expect, it } from "vitest";
import { colored } from "../../test/support/colored.ts";
import { MobileNetError } from "../base/error.ts";
import { datasetOf } from "../data/memory.ts";
import { configure } from "../network/configuration.ts";
import { initialize } from "../weights/initialize.ts";
import type { Model } from "../weights/model.ts";
import { engine } from "./engine.ts";
import type { TrainingDone, TrainingEvent } from "./events.ts";
import { optimizers } from "./optimizer.ts";
import type { TrainingOptions } from "./options.ts";
import { type RunFolder, runFiles } from "./run-folder.ts";
import { microBatchOf } from "./step-plan.ts";
import { type Engine, stepsOf, trainOn } from "./trainer.ts";

const size = 32;
const training = { dataset: datasetOf(colored(46, 1)) };
const validation = { dataset: datasetOf(colored(12, 2)) };
const model = initialize(configure({ alpha: 0.25, size, classes: 3, channelRounding: "divisible8" }), {
	seed: 3,
});
const usual = {
	model,
	training,
	validation,
	from: "classifier",
	frozenNorm: true,
	epochs: 4,
	batch: 8,
	learningRate: 0.02,
	average: 0.9,
	mixup: 0.2,
	workers: 0,
	threads: 1,
} satisfies TrainingOptions;

/** A folder in memory, and what it held after each write. */
function memoryFolder(files = new Map<string, Uint8Array>()) {
	const moments: Map<string, Uint8Array>[] = [];
	const folder: RunFolder = {
		name: "memory",
		read: async (file) => files.get(file),
		write: async (file, bytes) => {
			files.set(file, bytes);
			moments.push(new Map(files));
		},
	};
	return { folder, files, moments };
}

async function all(
	options: TrainingOptions,
	onEvent: (event: TrainingEvent, stop: () => void) => void = () => undefined,
	on = engine,
): Promise<{ events: TrainingEvent[]; done: TrainingDone }> {
	const run = trainOn(on, options);
	const events: TrainingEvent[] = [];
	for await (const event of run) {
		events.push(event);
		onEvent(event, run.stop);
	}
	return { events, done: events.at(-1) as TrainingDone };
}

/** The engine, as on a machine whose memory holds only this many pictures. */
const withMemoryFor = (pictures: number): Engine => ({ ...engine, mostPictures: () => pictures });

const classifierOf = ({ tensors }: Model) => tensors.get("classifier.weight")!.data;
const kinds = (events: readonly TrainingEvent[], kind: TrainingEvent["kind"]) =>
	events.filter((event) => event.kind === kind);

describe("train", () => {
	it("learns, and tells of every step and epoch", async () => {
		const { events, done } = await all({ ...usual, mixup: 0, epochs: 8, learningRate: 2 });
		expect(kinds(events, "step")).toHaveLength(8 * 6);
		expect(kinds(events, "epoch")).toHaveLength(8);
		expect(done).toMatchObject({ reason: "finished", step: 48 });
		expect(done.best!.validation!.top1).toBeGreaterThan(0.9);
		expect(done.model.labels).toEqual(["red", "green", "blue"].map((name) => ({ name })));
		expect(done.history.at(-1)!.loss).toBeLessThan(done.history[0]!.loss);
	});

	it("drops from which probability on answers are sure, which was measured of other weights", async () => {
		const { readModelFile } = await import("../formats/safetensors/model-file.ts");
		const { folder, files } = memoryFolder();
		const { done } = await all({ ...usual, model: { ...model, sureFrom: 0.4 }, epochs: 1, folder });
		expect(done.model).not.toHaveProperty("sureFrom");
		for (const file of [runFiles.best, runFiles.last])
			expect(readModelFile(files.get(file)!, file)).not.toHaveProperty("sureFrom");
	});

	it("comes to the same with the same seed, and to something else with another", async () => {
		const [first, again, other] = [await all(usual), await all(usual), await all({ ...usual, seed: 2 })].map(
			({ done }) => classifierOf(done.model),
		);
		expect(again).toEqual(first);
		expect(other).not.toEqual(first);
	});

	it("ends with the same weights after a stop at any step", async () => {
		const whole = await all(usual);
		for (const at of [1, 3, 5, 6, 7, 14, 24]) {
			const { folder } = memoryFolder();
			const stopped = await all({ ...usual, folder }, (event, stop) => {
				if (event.kind === "step" && event.step === at) stop();
			});
			expect(stopped.done).toMatchObject({ reason: "stopped", step: at });
			const { done, events } = await all({ ...usual, folder, resume: true });
			expect(kinds(events, "step")).toHaveLength(24 - at);
			expect(classifierOf(done.model)).toEqual(classifierOf(whole.done.model));
			expect(done.history.map(({ loss, validation: measured }) => ({ loss, measured }))).toEqual(
				whole.done.history.map(({ loss, validation: measured }) => ({ loss, measured })),
			);
		}
	});

	it("ends with the same weights from whatever moment its folder is left at", async () => {
		const whole = await all(usual);
		const { folder, moments } = memoryFolder();
		await all({ ...usual, folder, checkpointMinutes: 0 });
		expect(moments.length).toBeGreaterThan(24 * 2);
		for (const moment of moments.filter((_, i) => i % 7 === 0)) {
			const { done } = await all({ ...usual, folder: memoryFolder(moment).folder, resume: true });
			expect(classifierOf(done.model)).toEqual(classifierOf(whole.done.model));
		}
	});

	it("has nothing left to do for a run that is finished", async () => {
		const { folder } = memoryFolder();
		const whole = await all({ ...usual, folder });
		const { events, done } = await all({ ...usual, folder, resume: true });
		expect(events).toHaveLength(1);
		expect(classifierOf(done.model)).toEqual(classifierOf(whole.done.model));
	});

	it("starts from the beginning if there is no checkpoint, and says so", async () => {
		const { events } = await all({ ...usual, epochs: 1, folder: memoryFolder().folder, resume: true });
		expect(events[0]).toEqual({
			kind: "note",
			message: "memory has no checkpoint: the run starts from the beginning.",
		});
	});

	it.each<readonly [string, Partial<TrainingOptions>, RegExp]>([
		["another batch", { batch: 16 }, /its batch size was 8 and is now 16:/],
		["another rate", { learningRate: 0.5 }, /its learning rate was 0\.02 and is now 0\.5:/],
		["clipping", { clip: 1 }, /its limit on the gradients' norm was not set and is now 1:/],
		[
			"fewer pictures",
			{ training: { ...training, indices: Int32Array.of(0, 1, 2) } },
			/were 46 pictures of 3 classes and are now 3 of 3:/,
		],
		[
			"other pictures",
			{ training: { ...training, indices: Int32Array.from({ length: 46 }, (_, i) => 45 - i) } },
			/the same number of pictures as before, but different pictures/,
		],
		["no validation", { validation: undefined }, /it had validation pictures and now has none:/],
		["other weights", { model: initialize(model.configuration, { seed: 9 }) }, /other weights:/],
	])("does not go on with %s", async (_, changes, message) => {
		const { folder } = memoryFolder();
		await all({ ...usual, epochs: 4, folder }, (event, stop) => {
			if (event.kind === "step") stop();
		});
		await expect(all({ ...usual, ...changes, folder, resume: true })).rejects.toThrow(message);
	});

	it("makes a step of several runs where memory is short, with the same gradients", async () => {
		const still = { ...usual, mixup: 0, epochs: 1 };
		const whole = await all(still);
		const parts = await all(still, undefined, withMemoryFor(3));
		expect(parts.events[0]).toEqual({
			kind: "note",
			message:
				"a step of 8 pictures consists of 3 runs of at most 3 (3 fit into memory): gradients are summed.",
		});
		const [a, b] = [classifierOf(whole.done.model), classifierOf(parts.done.model)];
		for (let i = 0; i < a.length; i++) expect(b[i]).toBeCloseTo(a[i]!, 5);
		const asked = await all({ ...still, microBatch: 4 });
		expect(asked.events[0]).toMatchObject({
			message: expect.stringMatching(/^a step of 8 .* 2 runs of at most 4: /),
		});
	});

	it("refuses a network that does not fit into memory at all", async () => {
		await expect(all(usual, undefined, withMemoryFor(0))).rejects.toMatchObject({ code: "engine" });
	});

	it("stops at a loss that is not finite, and names step and layer", async () => {
		const broken = initialize(model.configuration, { seed: 3 });
		(broken.tensors.get("classifier.bias")!.data as Float32Array)[1] = Number.NaN;
		await expect(all({ ...usual, validation: undefined, model: broken })).rejects.toThrow(
			/^the loss of step 1 is NaN, first in the layer classifier, at a learning rate of [\d.]+: this step did not change the weights/,
		);
	});

	it("goes on without pictures that cannot be read, and tells of each once", async () => {
		const { pictures, ...rest } = colored(20, 4);
		const mixed = [new Uint8Array([1, 2, 3]), ...pictures.slice(1)];
		const { events, done } = await all({
			...usual,
			training: { dataset: datasetOf({ ...rest, pictures: mixed, name: "photos" }) },
			epochs: 3,
		});
		const notes = kinds(events, "note");
		expect(notes).toHaveLength(1);
		expect(notes[0]).toMatchObject({ message: expect.stringMatching(/^left out: .*photos, picture 0/) });
		expect(done.reason).toBe("finished");
	});

	it("goes on when no checkpoint can be written, and says so", async () => {
		const folder: RunFolder = {
			name: "full",
			read: async () => undefined,
			write: async () => {
				throw new MobileNetError("not-found", "full/last.safetensors cannot be written: the disk is full.");
			},
		};
		const { events, done } = await all({ ...usual, epochs: 1, folder });
		expect(kinds(events, "note")[0]).toEqual({
			kind: "note",
			message:
				"no checkpoint was written: full/last.safetensors cannot be written: the disk is full. The run continues; the previous checkpoint is unchanged.",
		});
		expect(done.reason).toBe("finished");
	});

	it("keeps the start where nothing better comes, and ends early only if asked", async () => {
		// The rate is so small that nothing changes a validation.
		const { done } = await all({
			...usual,
			learningRate: 1e-12,
			weightDecay: 0,
			average: 0,
			keepStart: true,
			patience: 2,
		});
		expect(done).toMatchObject({ reason: "patience", best: undefined });
		expect(done.history).toHaveLength(2);
		expect(classifierOf(done.model)).toEqual(classifierOf(model));
		expect(done.start!.top1).toBe(done.history[0]!.validation!.top1);
	});

	it("writes a best model and a last one that can be loaded, and a state that can be read", async () => {
		const { readModelFile } = await import("../formats/safetensors/model-file.ts");
		const { folder, files } = memoryFolder();
		const { done } = await all({ ...usual, folder });
		expect(classifierOf(readModelFile(files.get(runFiles.best)!, "best"))).toEqual(classifierOf(done.model));
		expect(readModelFile(files.get(runFiles.last)!, "last").labels).toHaveLength(3);
		expect(JSON.parse(new TextDecoder().decode(files.get(runFiles.state)))).toMatchObject({
			epoch: 4,
			step: 24,
			finished: true,
		});
	});

	it("ends at once when its signal is aborted", async () => {
		const controller = new AbortController();
		await expect(
			all({ ...usual, signal: controller.signal }, ({ kind }) => {
				if (kind === "step") controller.abort(new Error("enough"));
			}),
		).rejects.toThrow("enough");
	});

	it.each<readonly [string, Parameters<typeof datasetOf>[0], RegExp]>([
		["no picture", { pictures: [], labels: [], classes: ["a", "b", "c"] }, /has no pictures to train on/],
		[
			"one class",
			{ ...colored(1, 1), labels: [1] },
			/has pictures of one class only, "green": a network learns to tell at least two apart\.$/,
		],
		[
			"no labels",
			{ pictures: colored(3, 1).pictures, classes: ["a", "b", "c"] },
			/has no pictures with a class/,
		],
		[
			"other classes",
			{ ...colored(3, 1), classes: ["a", "b", "c", "d"] },
			/has 4 classes, but the network has 3 outputs/,
		],
	])("refuses %s", async (_, data, message) => {
		await expect(all({ ...usual, training: { dataset: datasetOf(data) } })).rejects.toThrow(message);
	});

	it("says which class has no pictures", async () => {
		const { pictures, labels, classes } = colored(12, 1);
		const chosen = labels.flatMap((label, i) => (label === 2 ? [] : [i]));
		const { events } = await all({
			...usual,
			epochs: 1,
			training: {
				dataset: datasetOf({ pictures, labels, classes, name: "photos" }),
				indices: Int32Array.from(chosen),
			},
		});
		expect(events[0]).toMatchObject({
			message: 'photos has no pictures of "blue": the network learns that it is never the answer.',
		});
	});

	it.each([
		["epochs", { epochs: 0 }],
		["batch", { batch: 1.5 }],
		["learningRate", { learningRate: 0 }],
		["warmUp", { warmUp: 5 }],
		["mixup", { mixup: 2 }],
		["label smoothing", { labelSmoothing: 1 }],
		["seed", { seed: -1 }],
		["from", { from: "pool" }],
		["momentum", { optimizer: { ...optimizers.sgd, momentum: 1 } }],
	] as const)("refuses an impossible %s", async (name, changes) => {
		await expect(all({ ...usual, ...changes })).rejects.toThrow(new RegExp(`${name} must be .*, not .*\\.$`));
	});
});

describe("steps of an epoch", () => {
	it.each([
		[1, 8, 1],
		[8, 8, 1],
		[11, 8, 1],
		[12, 8, 2],
		[46, 8, 6],
		[450, 32, 14],
	])("%i pictures in batches of %i are %i", (pictures, batch, steps) => {
		expect(stepsOf(pictures, batch)).toBe(steps);
	});

	it("are split into runs that are alike", () => {
		expect([microBatchOf(8, 3), microBatchOf(8, 8), microBatchOf(9, 4), microBatchOf(64, 63)]).toEqual([
			3, 8, 3, 32,
		]);
	});
});
