/**
 * What is done to a picture before a network learns from it, so that it never sees the same one twice: another part of
 * it, mirrored, in other light. This file says what can be done and draws what is done; views.ts does it.
 */
import { MobileNetError, shown } from "../base/error.ts";
import type { Random } from "../base/random.ts";
import type { Rectangle } from "../image/resampling.ts";
import { below } from "./seeds.ts";

export interface Augmentation {
	/** Least and most share of the picture that a crop shows, above 0, at most 1. */
	readonly area: readonly [least: number, most: number];
	/** Least and most width of a crop in heights. */
	readonly aspect: readonly [least: number, most: number];
	/** How often a picture is mirrored, 0 to 1. */
	readonly flip: number;
	/** Colors are multiplied by a number from 1 − this to 1 + this. */
	readonly brightness: number;
	/** The distance from the picture's mean gray is multiplied so. */
	readonly contrast: number;
	/** The distance from each pixel's gray is multiplied so. */
	readonly saturation: number;
	/** The most degrees that a picture is turned by, either way; its borders are mirrored outwards. */
	readonly rotation: number;
	/** How often a rectangle of 2 % to a third of the picture is made gray, 0 to 1. */
	readonly erasing: number;
}

/**
 * The milder way of the paper, which has "less trouble with overfitting" in small networks and limits "the size of small
 * crops" (section 3), without saying to what. Inception's crops show 8 % of a picture and more; these at least 35 %, which
 * is 0.6 of a side: the thing that gives the picture its class is nearly always in sight, and small pictures are not blown
 * up much. Aspects are Inception's; its colors (brightness 0.125, contrast and saturation 0.5) are
 * halved where they are strong. Rotation and erasing are off, as in the paper.
 */
export const defaultAugmentation: Augmentation = {
	area: [0.35, 1],
	aspect: [3 / 4, 4 / 3],
	flip: 0.5,
	brightness: 0.125,
	contrast: 0.25,
	saturation: 0.25,
	rotation: 0,
	erasing: 0,
};

/** What is done to one picture. */
export interface Drawn {
	readonly crop: Rectangle;
	readonly flip: boolean;
	/** Factors; 1 for no change. */
	readonly brightness: number;
	readonly contrast: number;
	readonly saturation: number;
	/** In radians. */
	readonly rotation: number;
	/** In shares of the sides. */
	readonly erased: Rectangle | undefined;
}

/**
 * Checks an augmentation that comes from outside, such as a form or a file, before a run begins with it.
 *
 * @throws MobileNetError `usage` where a field is not within its bounds
 * @example
 * checkAugmentation({ ...defaultAugmentation, flip: 2 }) // throws: augmentation.flip must be a number from 0 to 1, not 2.
 */
export function checkAugmentation(augmentation: Augmentation): void {
	const check = (field: keyof Augmentation, good: boolean, expected: string): void => {
		if (!good)
			throw new MobileNetError(
				"usage",
				`augmentation.${field} must be ${expected}, not ${shown(augmentation[field])}.`,
			);
	};
	const isRange = (range: unknown, most: number): boolean =>
		Array.isArray(range) &&
		range.length === 2 &&
		range[0] > 0 &&
		range[0] <= range[1] &&
		range[1] <= most &&
		Number.isFinite(range[1]);
	check("area", isRange(augmentation.area, 1), "two numbers above 0, at most 1, the smaller first");
	check("aspect", isRange(augmentation.aspect, 100), "two numbers above 0, at most 100, the smaller first");
	for (const field of ["flip", "erasing", "brightness", "contrast", "saturation"] as const)
		check(field, augmentation[field] >= 0 && augmentation[field] <= 1, "a number from 0 to 1");
	check("rotation", augmentation.rotation >= 0 && augmentation.rotation <= 180, "degrees from 0 to 180");
}

/**
 * Draws what is done to a picture of so many pixels. Everything is drawn in the same order whether it is used or not, so
 * that switching one thing off leaves the others as they were; the crop, which may take several attempts, comes last.
 *
 * @param stretched whether the network sees the whole picture squeezed into a square: then a crop's aspect counts from
 * the picture's own, so that crops are squeezed about as much; else it is the crop's own
 */
export function draw(
	augmentation: Augmentation,
	width: number,
	height: number,
	stretched: boolean,
	random: Random,
): Drawn {
	const { uniform } = random;
	const factor = (spread: number): number => 1 + spread * (2 * uniform() - 1);
	return {
		flip: uniform() < augmentation.flip,
		brightness: factor(augmentation.brightness),
		contrast: factor(augmentation.contrast),
		saturation: factor(augmentation.saturation),
		rotation: (augmentation.rotation * (2 * uniform() - 1) * Math.PI) / 180,
		erased: drawErased(augmentation.erasing, uniform),
		crop: drawCrop(augmentation, width, height, stretched, random),
	};
}

/** As torchvision's RandomResizedCrop: ten attempts, then the largest crop of the middle that has a fit aspect. */
function drawCrop(
	{ area, aspect }: Augmentation,
	width: number,
	height: number,
	stretched: boolean,
	random: Random,
): Rectangle {
	const side = Math.sqrt(width * height);
	const [unitWidth, unitHeight] = stretched ? [width, height] : [side, side];
	for (let attempt = 0; attempt < 10; attempt++) {
		const share = area[0] + (area[1] - area[0]) * random.uniform();
		const ratio = aspect[0] * (aspect[1] / aspect[0]) ** random.uniform();
		const cropWidth = Math.max(Math.round(unitWidth * Math.sqrt(share * ratio)), 1);
		const cropHeight = Math.max(Math.round(unitHeight * Math.sqrt(share / ratio)), 1);
		if (cropWidth > width || cropHeight > height) continue;
		return {
			left: below(width - cropWidth + 1, random),
			top: below(height - cropHeight + 1, random),
			width: cropWidth,
			height: cropHeight,
		};
	}
	const unit = unitWidth / unitHeight;
	const cropWidth = Math.max(Math.min(width, Math.round(height * aspect[1] * unit)), 1);
	const cropHeight = Math.max(Math.min(height, Math.round(width / (aspect[0] * unit))), 1);
	return {
		left: Math.floor((width - cropWidth) / 2),
		top: Math.floor((height - cropHeight) / 2),
		width: cropWidth,
		height: cropHeight,
	};
}

/** Zhong et al. 2017, "Random Erasing Data Augmentation": 2 % to a third of the area, 0.3 to 3.3 heights wide. */
function drawErased(often: number, uniform: () => number): Rectangle | undefined {
	const happens = uniform() < often;
	const area = 0.02 + (1 / 3 - 0.02) * uniform();
	const aspect = 0.3 * (3.3 / 0.3) ** uniform();
	const width = Math.min(Math.sqrt(area * aspect), 1);
	const height = Math.min(Math.sqrt(area / aspect), 1);
	const [left, top] = [(1 - width) * uniform(), (1 - height) * uniform()];
	return happens ? { left, top, width, height } : undefined;
}
