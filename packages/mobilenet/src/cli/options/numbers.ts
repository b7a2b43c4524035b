/**
 * Numbers on the command line, read strictly: `""`, `0x10` and `1e3`, which JavaScript would accept, are refused.
 * Each error message is the end of a sentence that starts with the option's name (usage.ts).
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

/** The end of an error message. */
export function expected(what: string, input: string): Error {
	return new Error(`must be ${what}, not ${quoted(input)}`);
}
