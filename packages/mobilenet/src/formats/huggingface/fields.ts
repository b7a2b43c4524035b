/** Fields of Hugging Face's configurations, which are checked as they are read. */
import { shown } from "../../base/error.ts";
import type { Json } from "../../base/json.ts";
import { refuse } from "../chain/units.ts";
import type { ModelFile } from "../file.ts";

/** One number for both sides, or two that are the same. */
export function sideOf(value: unknown): number | undefined {
	const [height, width] = Array.isArray(value) ? (value as unknown[]) : [value, value];
	return typeof height === "number" && height === width ? height : undefined;
}

export function numberIn(json: Json, field: string, file: ModelFile): number | undefined {
	const value = json[field];
	if (value === undefined || value === null) return undefined;
	if (typeof value === "number") return value;
	return refuse(
		file,
		`its configuration has the ${field} ${shown(value)} where a number was expected`,
		"broken-file",
	);
}

export function numbersIn(json: Json, field: string, file: ModelFile): readonly number[] | undefined {
	const value = json[field];
	if (value === undefined || value === null) return undefined;
	if (Array.isArray(value) && value.every((entry) => typeof entry === "number")) return value;
	return refuse(
		file,
		`its configuration has the ${field} ${shown(value)} where numbers were expected`,
		"broken-file",
	);
}
