/** How pictures are made square, as written on the command line. */
import type { Fit } from "../../index.ts";
import { quoted, usageError } from "../errors.ts";

const longestSide = 65536;

/**
 * `stretch`, `shorter-side=256`, `central=0.875`.
 *
 * @throws MobileNetError `usage`
 * @example
 * parseFit("shorter-side=256") // { shorterSide: 256 }
 */
export function parseFit(text: string): Fit {
	if (text === "stretch") return text;
	const side = Number(/^shorter-side=(\d+)$/.exec(text)?.[1]);
	if (side >= 1 && side <= longestSide) return { shorterSide: side };
	const fraction = Number(/^central=([\d.e-]+)$/.exec(text)?.[1]);
	if (fraction > 0 && fraction <= 1) return { centralFraction: fraction };
	throw usageError(
		`--fit must be stretch, shorter-side=256 (a whole number) or central=0.875 (above 0, at most 1), not ${quoted(text)}.`,
	);
}

/** The inverse of `parseFit`. */
export function fitText(fit: Fit): string {
	if (fit === "stretch") return fit;
	return "shorterSide" in fit ? `shorter-side=${fit.shorterSide}` : `central=${fit.centralFraction}`;
}
