/**
 * How pictures are varied in training, so that a network never sees the same one twice: random crops, mirroring and
 * lighting. This file defines the options and draws random values; views.ts applies them.
 */
import { MobileNetError, shown } from "../base/error.ts";
import type { Random } from "../base/random.ts";
import type { Rectangle } from "../image/resampling.ts";
import { below } from "./seeds.ts";

export interface Augmentation {
	/** The smallest and the largest share of the picture's area in a crop, above 0 and at most 1. */
	readonly area: readonly [least: number, most: number];
	/** The smallest and the largest ratio of a crop's width to its height. */
	readonly aspect: readonly [least: number, most: number];
	/** Probability that a picture is mirrored, 0 to 1. */
	readonly flip: number;
	/** Colors are multiplied by a number from 1 − this to 1 + this. */
	readonly brightness: number;
	/** Likewise, for the distance from the picture's mean gray. */
	readonly contrast: number;
	/** Likewise, for the distance from each pixel's gray. */
	readonly saturation: number;
	/** The most degrees by which a picture is rotated, in either direction; its borders are reflected. */
	readonly rotation: number;
	/** Probability that a rectangle of 2 % to a third of the picture is erased, 0 to 1. */
	readonly erasing: number;
}

/**
 * Mild augmentation, as in the paper: small networks have "less trouble with overfitting", so it limits "the size of small
 * crops" (section 3), without saying to what. Inception's crops show at least 8 % of a picture; these at least 35 %, which
 * is 0.6 of a side, so that the object is nearly always visible and small pictures are not enlarged much. Aspect ratios
 * and brightness are Inception's; contrast and saturation are half of its 0.5. Rotation and erasing are off, as in the
 * paper.
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

/** The random values for one picture. */
export interface Drawn {
	readonly crop: Rectangle;
	readonly flip: boolean;
	/** Factors; 1 changes nothing. */
	readonly brightness: number;
	readonly contrast: number;
	readonly saturation: number;
	/** In radians. */
	readonly rotation: number;
	/** As fractions of the sides. */
	readonly erased: Rectangle | undefined;
}

/** @throws MobileNetError `usage` if a field is out of range */
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
 * Draws the random values for a picture. All are drawn in the same order whether they are used or not, so that switching
 * one off leaves the others unchanged; the crop, which may take several attempts, comes last.
 *
 * @param width of the picture, in pixels
 * @param height of the picture, in pixels
 * @param stretched whether the network sees whole pictures squeezed into a square; then a crop's aspect ratio is relative
 *   to the picture's, so that crops are squeezed about as much
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

/** Like torchvision's RandomResizedCrop: ten attempts, then the largest central crop with a valid aspect ratio. */
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

/** Zhong et al. 2017, "Random Erasing Data Augmentation": 2 % to a third of the area, aspect ratios from 0.3 to 3.3. */
function drawErased(often: number, uniform: () => number): Rectangle | undefined {
	const happens = uniform() < often;
	const area = 0.02 + (1 / 3 - 0.02) * uniform();
	const aspect = 0.3 * (3.3 / 0.3) ** uniform();
	const width = Math.min(Math.sqrt(area * aspect), 1);
	const height = Math.min(Math.sqrt(area / aspect), 1);
	const [left, top] = [(1 - width) * uniform(), (1 - height) * uniform()];
	return happens ? { left, top, width, height } : undefined;
}
