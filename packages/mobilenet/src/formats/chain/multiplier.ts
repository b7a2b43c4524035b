/**
 * The width multiplier α that a file does not name, found from the channels of its layers: the usual ones first,
 * then the shortest decimal from which `width` gives every one of them.
 */
import type { Configuration } from "../../network/configuration.ts";
import { width } from "../../network/layers.ts";

type Rounding = Configuration["channelRounding"];
export type Width = Pick<Configuration, "alpha" | "channelRounding">;

/** Channels of a layer at α = 1, and as they are. */
export interface ScaledChannels {
	readonly base: number;
	readonly channels: number;
}

/** Without a least number of channels only where that does not fit: above it, `floor` is the same. */
const roundings = {
	floor: ["floor", "divisible8", "truncate"],
	divisible8: ["divisible8", "floor", "truncate"],
	truncate: ["truncate", "floor", "divisible8"],
} as const satisfies Readonly<Record<Rounding, readonly Rounding[]>>;
const usualMultipliers = [1, 0.75, 0.5, 0.25];
/** More than enough: `floor` changes at multiples of 1/1024, and nobody names an α with more digits. */
const mostDigits = 6;

/**
 * α and rounding that give every layer's channels, or undefined where none do. Where several roundings would do,
 * `preferred` is taken.
 */
export function findWidth(counts: readonly ScaledChannels[], preferred: Rounding): Width | undefined {
	const different = [...new Map(counts.map((count) => [`${count.base} ${count.channels}`, count])).values()];
	const widest = different.reduce((a, b) => (b.base > a.base ? b : a));
	// One layer cannot have two widths; without this, a damaged file would be searched to the last digit.
	if (new Set(different.map(({ base }) => base)).size < different.length) return undefined;
	const fits = (candidate: Width): boolean =>
		different.every(({ base, channels }) => width(base, candidate) === channels);
	const first = (alphas: readonly number[]): Width | undefined => {
		for (const channelRounding of roundings[preferred]) {
			const fitting = alphas.filter((alpha) => fits({ alpha, channelRounding }));
			const alpha = fitting[Math.floor(fitting.length / 2)];
			if (alpha !== undefined) return { alpha, channelRounding };
		}
		return undefined;
	};
	for (const alpha of usualMultipliers) {
		const usual = first([alpha]);
		if (usual) return usual;
	}
	for (let digits = 1; digits <= mostDigits; digits++) {
		const found = first(decimals(digits, widest));
		if (found) return found;
	}
	return undefined;
}

/** All α with so many digits that could give the widest layer its channels: no rounding moves them by more than 8. */
function decimals(digits: number, { base, channels }: ScaledChannels): number[] {
	const unit = 10 ** digits;
	const from = Math.max(1, Math.ceil(((channels - 9) / base) * unit));
	const to = Math.floor(((channels + 9) / base) * unit);
	const alphas: number[] = [];
	for (let k = from; k <= to; k++) alphas.push(k / unit);
	return alphas;
}
