/** The fields of a Keras layer's configuration, which are checked as they are read. */
import { shown } from "../../base/error.ts";
import { refuse } from "../chain/units.ts";
import type { KerasLayer } from "./graph.ts";

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
