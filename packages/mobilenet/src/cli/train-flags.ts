/** Flags of `mobilenet train` that several of its options are made of, and those of the network. */
import { networkFlags } from "./network-options.ts";
import { number as decimal, expected, wholeNumber } from "./numbers.ts";

export { wholeNumber };

export const text = (input: string): string => input;

/** `0.1`, `.1`, and, as rates are small, `1e-4` too. */
export function number(input: string): number {
	if (!/^(\d+(\.\d*)?|\.\d+)(e-?\d+)?$/.test(input)) throw expected("a number such as 0.1 or 1e-4", input);
	return input.includes("e") ? Number(input) : decimal(input);
}

/** An option that need not be given. */
export function parsed<T>(placeholder: string, parse: (input: string) => T, brief: string) {
	return { kind: "parsed", parse, optional: true, placeholder, brief } as const;
}

const { preset, alpha, size, shallow, inputChannels, activation } = networkFlags;
/** Of a network that is trained from scratch; `size` also of one that is not. */
export const network: Pick<
	typeof networkFlags,
	"preset" | "alpha" | "size" | "shallow" | "inputChannels" | "activation"
> = { preset, alpha, size, shallow, inputChannels, activation };
