/**
 * Numbers of the command line, read strictly: what JavaScript would make of `""`, `0x10` or `1e3` is not taken.
 * The errors' messages are the end of a sentence that begins with the option's name (usage.ts).
 */
import { quoted } from "../errors.ts";

const decimal = /^(\d+(\.\d*)?|\.\d+)$/;

/** `224`, not `224.5`, `-1` or `1e2`. */
export function wholeNumber(input: string): number {
	if (!/^\d+$/.test(input)) throw expected("a whole number", input);
	return Number(input);
}

/** `0.5`, `1`, `.25`. */
export function number(input: string): number {
	if (!decimal.test(input)) throw expected("a number such as 0.5", input);
	return Number(input);
}

/** `0.857`, or `6/7`. */
export function numberOrFraction(input: string): number {
	const [, above, below] = /^(\d+)\/(\d+)$/.exec(input) ?? [];
	if (above !== undefined && Number(below) > 0) return Number(above) / Number(below);
	if (!decimal.test(input)) throw expected("a number such as 0.857 or 6/7", input);
	return Number(input);
}

/** The end of an error's sentence. */
export function expected(what: string, input: string): Error {
	return new Error(`must be ${what}, not ${quoted(input)}`);
}
