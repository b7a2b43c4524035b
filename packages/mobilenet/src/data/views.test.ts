/** The values that augmentation draws and the views that it makes: bounds, consistency between sizes, and mathematical properties. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { random } from "../base/random.ts";
import { prepare } from "../image/fit.ts";
import type { Pixels } from "../image/pixels.ts";
import { resize } from "../image/resize.ts";
import { type Augmentation, checkAugmentation, defaultAugmentation, draw } from "./augmentation.ts";
import { kept, type Recipe, type View, viewLength, viewMaker } from "./views.ts";

const still: Augmentation = {
	area: [1, 1],
	aspect: [1, 1],
	flip: 0,
	brightness: 0,
	contrast: 0,
	saturation: 0,
	rotation: 0,
	erasing: 0,
};
const view: View = { size: 24, channels: 3, filter: "pillow-bilinear", fit: "stretch" };
const recipe = (change: Partial<Augmentation>, views: readonly View[] = [view], seed = 0): Recipe => ({
	views,
	augmentation: { ...still, ...change },
	seed,
	epoch: 0,
});
function picture(width: number, height: number, channels = 3): Pixels {
	const { bits } = random(width * 1000 + height);
	return {
		data: Uint8Array.from({ length: width * height * channels }, () => bits() >>> 24),
		width,
		height,
		channels,
	};
}
function make(of: Recipe, pixels: Pixels, index = 0): Uint8Array[] {
	const into = of.views.map((one) => new Uint8Array(viewLength(one)));
	viewMaker(of)(pixels, index, into);
	return into;
}

describe("crops", () => {
	const side = fc.integer({ min: 1, max: 700 });
	it("lie in a picture of any shape", () => {
		fc.assert(
			fc.property(side, side, fc.boolean(), fc.nat(), (width, height, stretched, seed) => {
				const { crop } = draw(defaultAugmentation, width, height, stretched, random(seed));
				expect(crop.left).toBeGreaterThanOrEqual(0);
				expect(crop.top).toBeGreaterThanOrEqual(0);
				expect(crop.width).toBeGreaterThanOrEqual(1);
				expect(crop.height).toBeGreaterThanOrEqual(1);
				expect(crop.left + crop.width).toBeLessThanOrEqual(width);
				expect(crop.top + crop.height).toBeLessThanOrEqual(height);
			}),
		);
	});

	it("stay within the ranges of area and aspect, and reach both ends", () => {
		const [width, height] = [640, 480];
		const drawn = Array.from(
			{ length: 4000 },
			(_, seed) => draw(defaultAugmentation, width, height, false, random(seed)).crop,
		);
		const areas = drawn.map((crop) => (crop.width * crop.height) / (width * height));
		const aspects = drawn.map((crop) => crop.width / crop.height);
		expect(Math.min(...areas)).toBeGreaterThan(0.345);
		expect(Math.min(...areas)).toBeLessThan(0.36);
		expect(Math.max(...areas)).toBeGreaterThan(0.97);
		expect(Math.min(...aspects)).toBeGreaterThan(0.745);
		expect(Math.min(...aspects)).toBeLessThan(0.76);
		expect(Math.max(...aspects)).toBeLessThan(1.34);
		expect(Math.max(...aspects)).toBeGreaterThan(1.32);
	});

	it("have the picture's own shape if the network sees it squeezed", () => {
		const augmentation = { ...defaultAugmentation, aspect: [1, 1] as const };
		for (let seed = 0; seed < 50; seed++) {
			const { crop } = draw(augmentation, 900, 300, true, random(seed));
			expect(crop.width / crop.height).toBeCloseTo(3, 1);
		}
	});

	it("are the largest central ones if none fits", () => {
		const { crop } = draw({ ...still, area: [1, 1] }, 100, 20, false, random(0));
		expect(crop).toEqual({ left: 40, top: 0, width: 20, height: 20 });
	});
});

describe("views", () => {
	it("equal the resized picture if nothing is changed", () => {
		const pixels = picture(50, 31);
		expect(make(recipe({}), pixels)[0]).toEqual(resize(pixels, 24, 24, "pillow-bilinear").data);
	});

	it("equal what prepare makes without augmentation", () => {
		const views: View[] = [
			{ size: 20, channels: 3, filter: "pillow-bicubic", fit: { shorterSide: 23 } },
			{ size: 16, channels: 1, filter: "tf-bilinear", fit: { centralFraction: 0.875 } },
		];
		const pixels = picture(40, 60);
		const made = make({ views, augmentation: undefined, seed: 0, epoch: 0 }, pixels);
		for (const [v, one] of views.entries()) {
			const expected = new Uint8Array(viewLength(one));
			prepare(pixels, one, expected);
			expect(made[v]).toEqual(expected);
		}
	});

	it("show the same part in every size", () => {
		// A ramp: the crop's position and width follow from its ends, in any size.
		const ramp: Pixels = {
			data: Uint8Array.from({ length: 200 * 200 * 3 }, (_, i) => Math.floor(i / 3) % 200),
			width: 200,
			height: 200,
			channels: 3,
		};
		const views = [view, { ...view, size: 48 }];
		const flips = new Set<boolean>();
		for (let index = 0; index < 20; index++) {
			const [small, large] = make(recipe({ area: [0.3, 0.6], flip: 0.5 }, views, 5), ramp, index) as [
				Uint8Array,
				Uint8Array,
			];
			const ends = (row: Uint8Array, size: number): [number, number] => [row[0]!, row[(size - 1) * 3]!];
			const [a, b] = [ends(small, 24), ends(large, 48)];
			// The center of an end pixel is half a pixel inside, which is up to 200 / 24 / 2 of the picture.
			expect(Math.abs(a[0] - b[0])).toBeLessThan(5);
			expect(Math.abs(a[1] - b[1])).toBeLessThan(5);
			flips.add(a[0] > a[1]);
		}
		expect(flips.size).toBe(2);
	});

	it("depend only on seed, epoch and picture", () => {
		const pixels = picture(64, 64);
		const of: Recipe = { views: [view], augmentation: defaultAugmentation, seed: 1, epoch: 2 };
		const maker = viewMaker(of);
		const first = new Uint8Array(viewLength(view));
		maker(pixels, 7, [first]);
		const again = new Uint8Array(viewLength(view));
		maker(pixels, 8, [again]);
		expect(again).not.toEqual(first);
		maker(pixels, 7, [again]);
		expect(again).toEqual(first);
		expect(make({ ...of, epoch: 3 }, pixels, 7)[0]).not.toEqual(first);
		expect(make({ ...of, seed: 2 }, pixels, 7)[0]).not.toEqual(first);
	});

	it("make gray pictures gray in three channels, and colors gray in one", () => {
		const gray = make(recipe({ brightness: 0.5, contrast: 0.5, saturation: 0.5 }), picture(30, 30, 1))[0]!;
		for (let i = 0; i < gray.length; i += 3) {
			expect(gray[i + 1]).toBe(gray[i]);
			expect(gray[i + 2]).toBe(gray[i]);
		}
		const one = { ...view, channels: 1 };
		const red: Pixels = { data: new Uint8Array(10 * 10 * 3).fill(0), width: 10, height: 10, channels: 3 };
		for (let i = 0; i < red.data.length; i += 3) red.data[i] = 200;
		// ITU-R 601: 0.299 of red.
		expect(new Set(make(recipe({}, [one]), red)[0])).toEqual(new Set([Math.round(200 * 0.299)]));
	});

	it("rotate a picture about its center, without black corners", () => {
		const white: Pixels = { data: new Uint8Array(30 * 30 * 3).fill(200), width: 30, height: 30, channels: 3 };
		expect(new Set(make(recipe({ rotation: 180 }), white)[0])).toEqual(new Set([200]));
		const pixels = picture(24, 24);
		const turned = make(recipe({ rotation: 90 }), pixels)[0]!;
		expect(turned).not.toEqual(pixels.data);
	});

	it("erase a rectangle of 2 % to a third", () => {
		const white: Pixels = { data: new Uint8Array(24 * 24 * 3).fill(255), width: 24, height: 24, channels: 3 };
		for (let index = 0; index < 30; index++) {
			const made = make(recipe({ erasing: 1 }), white, index)[0]!;
			const share = made.filter((x) => x === 127).length / made.length;
			// With a side of 24 pixels, rounding changes a rectangle by up to one of its borders.
			expect(share).toBeGreaterThan(0.005);
			expect(share).toBeLessThan(0.4);
		}
	});
});

describe("a reduced picture", () => {
	it("has a shorter side of at most twice the largest view if crops are taken", () => {
		expect(kept(picture(300, 120), recipe({}))).toMatchObject({ width: 120, height: 48 });
		const small = picture(60, 48);
		expect(kept(small, recipe({}))).toBe(small);
		const large = picture(300, 120);
		expect(kept(large, { ...recipe({}), augmentation: undefined })).toBe(large);
	});
});

describe("an augmentation", () => {
	it("is checked field by field", () => {
		expect(() => checkAugmentation({ ...still, area: [0, 1] })).toThrow(/^augmentation\.area must be/);
		expect(() => checkAugmentation({ ...still, area: [0.9, 0.5] })).toThrow(/^augmentation\.area must be/);
		expect(() => checkAugmentation({ ...still, aspect: [1, Number.POSITIVE_INFINITY] })).toThrow(
			/^augmentation\.aspect must be/,
		);
		for (const field of ["flip", "brightness", "contrast", "saturation", "rotation", "erasing"] as const)
			for (const value of [-0.1, 181, Number.NaN])
				expect(() => checkAugmentation({ ...still, [field]: value })).toThrow(
					new RegExp(
						`^augmentation\\.${field} must be .*, not ${String(value).replace("NaN", "(NaN|null)")}\\.$`,
					),
				);
	});
});
