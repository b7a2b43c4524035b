/** A teacher on a small network of random weights, against what the mobilenet says of the same pictures. */
import { describe, expect, it } from "vitest";
import { defaultAugmentation } from "../../data/augmentation.ts";
import { batches } from "../../data/batches.ts";
import { datasetOf } from "../../data/memory.ts";
import type { Pixels } from "../../image/pixels.ts";
import { MobileNet } from "../../model/mobilenet.ts";
import type { Model } from "../../weights/model.ts";
import type { RunFolder } from "../run-folder.ts";
import type { Teacher } from "./teacher.ts";
import { cachedTeacher } from "./teacher-cache.ts";
import { shownTeacher, type TeacherNetwork, teacherNetwork, withTeacherHead } from "./teacher-network.ts";

const names = ["ant", "bee", "cat", "dog", "emu"];
const size = 32;
const pictures = Array.from({ length: 7 }, (_, n): Pixels => {
	const data = Uint8Array.from(
		{ length: size * size * 3 },
		(_, i) => (Math.imul(i + 9 * n, 2654435761) >>> 24) & 255,
	);
	return { data, width: size, height: size, channels: 3 };
});
/** Two of the teacher's classes, in another order. */
const dataset = datasetOf({ pictures, labels: [0, 1, 0, 1, 0, 1, 0], classes: ["Dog", "ant"] });
const outputs = [3, 0];

async function teacherModel(seed: number): Promise<Model> {
	const { model } = await MobileNet.create({ alpha: 0.25, size, classes: 5 }, { seed });
	return { ...model, labels: names.map((name) => ({ name })) };
}

/** The bytes that a network of that size is shown: the pictures as they are. */
function bytesOf(indices: readonly number[]): Uint8Array {
	const bytes = new Uint8Array(indices.length * size * size * 3);
	for (const [n, index] of indices.entries()) bytes.set(pictures[index]!.data, n * size * size * 3);
	return bytes;
}

function mirrorOf({ data, ...rest }: Pixels): Pixels {
	const mirrored = data.map((_, i) => {
		const [y, x, c] = [Math.floor(i / (3 * size)), Math.floor(i / 3) % size, i % 3];
		return data[(y * size + size - 1 - x) * 3 + c]!;
	});
	return { data: mirrored, ...rest };
}

/** Softmax of some of a picture's logits by a temperature, computed plainly. */
async function expected(model: Model, views: readonly Pixels[], temperature: number): Promise<number[]> {
	const mobilenet = await MobileNet.from(model);
	const logits = [0, 0];
	for (const view of views) {
		const { data } = await mobilenet.features(view, "classifier");
		for (const [i, output] of outputs.entries()) logits[i]! += data[output]! / views.length;
	}
	const powers = logits.map((x) => Math.exp(x / temperature));
	return powers.map((x) => x / (powers[0]! + powers[1]!));
}

function targetsOf(
	teacher: Teacher,
	indices: readonly number[],
	pixels?: Uint8Array,
	view?: number,
): number[][] {
	const pitch = teacher.outputs + 2;
	const into = new Float32Array(indices.length * pitch);
	const batch = { count: indices.length, indices: Int32Array.from(indices) };
	teacher.targets({ ...batch, ...(pixels && { pixels }), ...(view !== undefined && { view }) }, into, pitch);
	return indices.map((_, n) => [...into.subarray(n * pitch, n * pitch + teacher.outputs)]);
}

/** A folder in memory, and a network that may not be asked. */
function folder(): RunFolder & { readonly files: Map<string, Uint8Array> } {
	const files = new Map<string, Uint8Array>();
	return {
		...{ name: "memory", files },
		read: async (file) => files.get(file),
		write: async (file, bytes) => void files.set(file, bytes.slice()),
	};
}
const unasked = (network: TeacherNetwork): TeacherNetwork => ({
	...network,
	answers: () => {
		throw new Error("asked again");
	},
});

describe("a teacher that is shown pictures", () => {
	it("gives its probabilities of the data's classes at the temperature", async () => {
		const model = await teacherModel(1);
		const teacher = shownTeacher(await teacherNetwork(model, dataset), { temperature: 3 });
		expect(teacher).toMatchObject({ kind: "probabilities", outputs: 2, temperature: 3 });
		expect(teacher.view).toEqual({ size, channels: 3, filter: "pillow-bilinear", fit: "stretch" });
		// More than it takes at a time.
		const order = [6, 5, 4, 3, 2, 1, 0, 1, 2, 3];
		const rows = targetsOf(teacher, order, bytesOf(order));
		for (const [n, index] of order.entries())
			for (const [i, p] of (await expected(model, [pictures[index]!], 3)).entries())
				expect(rows[n]![i]).toBeCloseTo(p, 5);
	});

	it("gives its features, if those are to be learned", async () => {
		const model = await teacherModel(1);
		const network = await teacherNetwork(model, datasetOf({ pictures }), { kind: "embedding" });
		const [row] = targetsOf(shownTeacher(network), [2], bytesOf([2]));
		expect(row).toEqual([...(await (await MobileNet.from(model)).embed(pictures[2]!))]);
		expect(() => shownTeacher(network, { temperature: 2 })).toThrow(/^temperature divides logits/);
	});

	it("refuses classes that it does not know, and to answer unseen", async () => {
		const model = await teacherModel(1);
		const other = datasetOf({ pictures, classes: ["yak", "ant"] });
		await expect(teacherNetwork(model, other)).rejects.toThrow(/does not know.*"yak"/);
		const teacher = shownTeacher(await teacherNetwork(model, dataset));
		expect(() => targetsOf(teacher, [0, 1], bytesOf([0]))).toThrow(/needs the pixels of 2 pictures/);
		expect(() => targetsOf(teacher, [0])).toThrow(/needs the pixels/);
	});

	it("learns the data's classes first, if it is given a head", async () => {
		const colors = Array.from({ length: 20 }, (_, n): Pixels => {
			const color = n % 2 === 0 ? [220, 30 + n, 20] : [20, 30, 200 + n];
			return {
				data: Uint8Array.from({ length: size * size * 3 }, (_, i) => color[i % 3]!),
				width: size,
				height: size,
				channels: 3,
			};
		});
		const own = datasetOf({
			pictures: colors,
			labels: colors.map((_, n) => n % 2),
			classes: ["red", "blue"],
		});
		const model = await withTeacherHead(
			await teacherModel(2),
			own,
			Int32Array.from({ length: 14 }, (_, n) => n),
		);
		const mobilenet = await MobileNet.from(model);
		for (const n of [14, 15, 16, 17, 18, 19])
			expect((await mobilenet.classify(colors[n]!, { top: 1 }))[0]!.label).toBe(n % 2 === 0 ? "red" : "blue");
		expect((await teacherNetwork(model, own)).outputs).toBe(2);
	});
});

describe("a teacher whose answers are kept", () => {
	it("gives the mean of its answers to the picture and its mirror image", async () => {
		const model = await teacherModel(1);
		const teacher = await cachedTeacher(await teacherNetwork(model, dataset), dataset, {
			temperature: 2,
			workers: 0,
		});
		expect(teacher.view).toBeUndefined();
		const rows = targetsOf(teacher, [4, 0]);
		for (const [n, index] of [4, 0].entries()) {
			const views = [pictures[index]!, mirrorOf(pictures[index]!)];
			for (const [i, p] of (await expected(model, views, 2)).entries()) expect(rows[n]![i]).toBeCloseTo(p, 5);
		}
	});

	it("is not asked twice, at whatever temperature, nor for pictures beyond", async () => {
		const place = folder();
		const network = await teacherNetwork(await teacherModel(1), dataset);
		const some = { folder: place, indices: Int32Array.of(0, 2, 5), workers: 0 };
		const first = await cachedTeacher(network, dataset, some);
		const again = await cachedTeacher(unasked(network), dataset, some);
		expect(targetsOf(again, [5, 0])).toEqual(targetsOf(first, [5, 0]));
		await cachedTeacher(unasked(network), dataset, { ...some, temperature: 5 });
		expect(() => targetsOf(first, [1])).toThrow(/no answer to picture 1/);
		// Others are added to the same file.
		let asked = 0;
		const counting: TeacherNetwork = {
			...network,
			answers: (pixels, count, into) => {
				asked = Math.max(asked, count);
				network.answers(pixels, count, into);
			},
		};
		await cachedTeacher(counting, dataset, { folder: place, workers: 0 });
		expect(asked).toBe(4);
		expect(place.files.size).toBe(1);
		await cachedTeacher(unasked(network), dataset, { folder: place, workers: 0 });
	});

	it("makes files anew that are cut short or changed", async () => {
		const place = folder();
		const network = await teacherNetwork(await teacherModel(1), dataset);
		const first = targetsOf(await cachedTeacher(network, dataset, { folder: place, workers: 0 }), [3]);
		const [[file, sound]] = [...place.files] as [[string, Uint8Array]];
		const changed = sound.slice();
		changed[changed.length - 2]! ^= 16;
		for (const broken of [
			sound.slice(0, sound.length - 5),
			changed,
			new Uint8Array(0),
			Uint8Array.of(1, 2, 3),
		]) {
			place.files.set(file, broken);
			await expect(cachedTeacher(unasked(network), dataset, { folder: place, workers: 0 })).rejects.toThrow(
				"asked again",
			);
			const teacher = await cachedTeacher(network, dataset, { folder: place, workers: 0 });
			expect(targetsOf(teacher, [3])).toEqual(first);
			expect(place.files.get(file)).toEqual(sound);
		}
	});

	it("has other files for another teacher and for other views", async () => {
		const place = folder();
		const crops = { augmentation: defaultAugmentation, seed: 1, count: 2 };
		for (const seed of [1, 2]) {
			const network = await teacherNetwork(await teacherModel(seed), dataset);
			await cachedTeacher(network, dataset, { folder: place, workers: 0 });
			await cachedTeacher(network, dataset, { folder: place, workers: 0, crops });
			await cachedTeacher(network, dataset, { folder: place, workers: 0, crops: { ...crops, seed: 2 } });
		}
		expect(place.files.size).toBe(2 * (1 + 2 + 2));
	});

	it("answers to the student's own crops as if it were shown them", async () => {
		const network = await teacherNetwork(await teacherModel(1), dataset);
		const crops = { augmentation: defaultAugmentation, seed: 3, count: 2 };
		const kept = await cachedTeacher(network, dataset, { temperature: 2, crops, workers: 0 });
		const shown = shownTeacher(network, { temperature: 2 });
		const indices = Int32Array.of(5, 1, 2);
		for (const view of [0, 1]) {
			const recipe = {
				indices,
				batch: 3,
				views: [network.view],
				augmentation: crops.augmentation,
				seed: 3,
				workers: 0,
			};
			for await (const batch of batches(dataset, { ...recipe, epoch: view }))
				expect(targetsOf(kept, [...batch.indices], undefined, view)).toEqual(
					targetsOf(shown, [...batch.indices], batch.pixels[0]!),
				);
		}
		expect(targetsOf(kept, [5], undefined, 0)).not.toEqual(targetsOf(kept, [5], undefined, 1));
		expect(() => targetsOf(kept, [5], undefined, 2)).toThrow(/in view 2 of 2/);
	});

	it("knows nothing of pictures that cannot be read, and goes on", async () => {
		const network = await teacherNetwork(await teacherModel(1), dataset);
		const read = async (index: number) => (index === 2 ? Uint8Array.of(1, 2, 3) : dataset.read(index));
		const told: string[] = [];
		const options = { folder: folder(), workers: 0, onUnreadable: (name: string) => told.push(name) };
		for (let run = 0; run < 2; run++) {
			const teacher = await cachedTeacher(network, { ...dataset, read }, options);
			expect(() => targetsOf(teacher, [2])).toThrow(/no answer to picture 2/);
			expect(targetsOf(teacher, [1, 3])).toHaveLength(2);
		}
		expect(told).toEqual([dataset.nameOf(2), dataset.nameOf(2)]);
	});
});
