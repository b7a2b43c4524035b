import { describe, expect, expectTypeOf, it } from "vitest";
import type { Pixels } from "../image/pixels.ts";
import { MobileNet } from "./mobilenet.ts";
import type { KeyOf, Picture, PictureSource } from "./pictures.ts";
import { decodeAhead } from "./pipeline.ts";

const gray = (value: number): Pixels => ({
	data: new Uint8Array(40 * 40 * 3).fill(value),
	width: 40,
	height: 40,
	channels: 3,
});

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
	const found: T[] = [];
	for await (const row of rows) found.push(row);
	return found;
}

describe("many pictures", () => {
	it("come back under their keys, in their order, whatever the batch and whatever fails", async () => {
		const mobilenet = await MobileNet.create({ alpha: 0.25, size: 32, classes: 4 });
		const shared = gray(1);
		const slow = (value: number, milliseconds: number) => async (): Promise<Pixels> => {
			await new Promise((resolve) => setTimeout(resolve, milliseconds));
			return gray(value);
		};
		const pictures: readonly Picture[] = [
			{ key: "first", source: slow(10, 20) },
			{ key: 2, source: new Uint8Array([1, 2, 3]) },
			{ key: { third: true }, source: slow(30, 0) },
			// One source under two keys, and a key that is given but empty.
			{ key: "a", source: shared },
			{ key: "b", source: shared },
			{ key: null, source: gray(50) },
			{
				key: "gone",
				source: () => {
					throw new Error("gone");
				},
			},
			// No key: the source.
			shared,
			{ source: "/nowhere/at-all.jpg" },
			{ key: undefined, source: shared },
		];
		const keys = ["first", 2, { third: true }, "a", "b", null, "gone", shared, "/nowhere/at-all.jpg", shared];
		const fails = [false, true, false, false, false, false, true, false, true, false];
		const alone = await mobilenet.embed([gray(10), gray(30), shared, gray(50)]);
		const values = [0, undefined, 1, 2, 2, 3, undefined, 2, undefined, 2];
		for (const batch of [1, 2, 3, 16]) {
			const rows = await all(mobilenet.embedEach(pictures, { batch }));
			expect(rows.map(({ key }) => key)).toEqual(keys);
			expect(rows.map((row) => "error" in row)).toEqual(fails);
			for (const [n, row] of rows.entries())
				if ("embedding" in row)
					for (const [j, x] of row.embedding.entries()) expect(x).toBeCloseTo(alone[values[n]!]![j]!, 5);
			const named = await all(mobilenet.classifyEach(pictures, { batch }));
			expect(named.map(({ key }) => key)).toEqual(keys);
			const probabilities = await all(mobilenet.probabilitiesEach(pictures, { batch }));
			expect(probabilities.map(({ key }) => key)).toEqual(keys);
		}
	});

	it("are asked for shortly before their turn: a few decoded ahead, and no more", async () => {
		let [asked, had] = [0, 0];
		const most: number[] = [];
		const pictures = async function* () {
			for (let key = 0; key < 40; key++)
				yield {
					key,
					source: async () => {
						asked++;
						most.push(asked - had);
						return gray(key);
					},
				};
		};
		for await (const row of decodeAhead(pictures(), { ahead: 3 })) {
			expect(row.key).toBe(had++);
			await new Promise((resolve) => setTimeout(resolve));
		}
		expect(had).toBe(40);
		expect(Math.max(...most)).toBe(4);
	});

	it("stop being asked for where nobody takes any more", async () => {
		let closed = false;
		const pictures = function* () {
			try {
				for (;;) yield gray(1);
			} finally {
				closed = true;
			}
		};
		for await (const _ of decodeAhead(pictures())) break;
		expect(closed).toBe(true);
	});

	it("have the types of their keys", () => {
		expectTypeOf<KeyOf<string>>().toEqualTypeOf<string>();
		expectTypeOf<KeyOf<PictureSource>>().toEqualTypeOf<PictureSource>();
		expectTypeOf<KeyOf<{ key: number; source: string }>>().toEqualTypeOf<number>();
		expectTypeOf<KeyOf<{ key?: number; source: URL }>>().toEqualTypeOf<number | URL>();
		expectTypeOf<KeyOf<{ source: URL }>>().toEqualTypeOf<URL>();
		expectTypeOf<KeyOf<string | { key: number; source: URL }>>().toEqualTypeOf<string | number>();
	});
});
