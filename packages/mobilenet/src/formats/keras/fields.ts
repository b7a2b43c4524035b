/** The fields of a Keras layer's configuration, which are checked as they are read. */
import { shown } from "../../base/error.ts";
import { refuse } from "../chain/units.ts";
import type { KerasLayer } from "./graph.ts";

/** Axes of a picture, and more channels than any has. */
const mostNested = 4;
const mostChannels = 4096;

export function nameOf({ path }: KerasLayer): string {
	return path.join("/");
}

export function numberIn(
	layer: KerasLayer,
	about: { readonly name: string },
	field: string,
	value: unknown,
): number {
	if (typeof value !== "number" || !Number.isFinite(value))
		return refuse(
			about,
			`the layer ${nameOf(layer)} has the ${field} ${shown(value)} where a number was expected`,
			"broken-file",
		);
	return value;
}

/** One number, or one a channel: a list, or a list of lists with nothing beside it. */
export function numbersIn(
	layer: KerasLayer,
	about: { readonly name: string },
	field: string,
	value: unknown,
): readonly number[] {
	let list = value;
	// Numbers for every channel may be written as a picture of one pixel.
	for (let depth = 0; depth < mostNested && Array.isArray(list) && Array.isArray(list[0]); depth++) {
		if (list.length !== 1) break;
		list = list[0];
	}
	if (!Array.isArray(list)) return [numberIn(layer, about, field, list)];
	if (list.length === 0 || list.length > mostChannels)
		refuse(about, `the layer ${nameOf(layer)} has ${list.length} numbers as its ${field}`, "broken-file");
	return list.map((number: unknown) => numberIn(layer, about, field, number));
}

/** One whole number for both directions, or one for each. */
export function pair(
	layer: KerasLayer,
	about: { readonly name: string },
	field: string,
	value: unknown,
): readonly [number, number] {
	const [y, x] = Array.isArray(value) ? (value as unknown[]) : [value, value];
	if (!isCount(y) || !isCount(x))
		return refuse(
			about,
			`the layer ${nameOf(layer)} has the ${field} ${shown(value)} where whole numbers above 0 were expected`,
			"broken-file",
		);
	return [y, x];
}

export function isCount(value: unknown): value is number {
	return Number.isInteger(value) && (value as number) > 0 && (value as number) < 1e6;
}
