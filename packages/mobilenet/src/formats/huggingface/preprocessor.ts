/** What `preprocessor_config.json` of transformers says of pictures, in the domain of pixels. */
import type { Json } from "../../base/json.ts";
import { isJson } from "../../base/json.ts";
import type { Filter, Fit, Preprocessing } from "../../weights/model.ts";
import type { ModelFile } from "../file.ts";
import { numberIn, numbersIn, sideOf } from "./fields.ts";

/** Pillow's filters by their numbers and names; the others are not computed here. */
const filters: Readonly<Record<string, Filter>> = {
	...{ 0: "nearest", 2: "pillow-bilinear", 3: "pillow-bicubic" },
	...{ nearest: "nearest", bilinear: "pillow-bilinear", bicubic: "pillow-bicubic" },
};

export function filterNamed(name: unknown): Filter | undefined {
	return Object.hasOwn(filters, String(name)) ? filters[String(name)] : undefined;
}

/** Preprocessing and the size of the pictures that come out, as far as the configuration says. */
export function processorOf(
	json: Json,
	file: ModelFile,
): Partial<Preprocessing> & { readonly size?: number } {
	const { do_rescale: rescales, do_normalize: normalizes, resample } = json;
	// x · factor, less the mean, divided by std: mean and std in pixels are both divided by the factor.
	const factor = rescales === false ? 1 : (numberIn(json, "rescale_factor", file) ?? 1 / 255);
	const scaled = (field: string, otherwise: number): readonly number[] =>
		((normalizes === false ? undefined : numbersIn(json, field, file)) ?? [otherwise]).map((n) => n / factor);
	const usual = normalizes === false ? { mean: 0, std: 1 } : { mean: 0.5, std: 0.5 };
	const filter = filterNamed(resample);
	return {
		mean: scaled("image_mean", usual.mean),
		std: scaled("image_std", usual.std),
		channelOrder: "rgb",
		...(filter && { filter }),
		...sizesOf(json),
	};
}

/** Stretched to a height and a width, or by the shorter side, then cut; a single number is a shorter side. */
function sizesOf(json: Json): { readonly fit?: Fit; readonly size?: number } {
	const { do_resize: resizes, do_center_crop: crops, size, crop_size: crop } = json;
	const cut = crops === false ? undefined : square(crop);
	const shorterSide = isJson(size) ? size.shortest_edge : size;
	if (
		resizes !== false &&
		typeof shorterSide === "number" &&
		Number.isInteger(shorterSide) &&
		shorterSide > 0
	)
		return { fit: { shorterSide }, ...(cut !== undefined && { size: cut }) };
	const stretched = resizes === false ? undefined : square(size);
	if (stretched === undefined) return cut === undefined ? {} : { size: cut };
	// A crop out of a stretched picture has no word here.
	return cut === undefined || cut === stretched ? { fit: "stretch", size: stretched } : { size: cut };
}

function square(value: unknown): number | undefined {
	return isJson(value) ? sideOf([value.height, value.width]) : sideOf(value);
}
