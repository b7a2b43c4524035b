/** Options that must be whole numbers, checked and refused in one way. */
import { MobileNetError, shown } from "./error.ts";

/**
 * Refuses what is not a whole number in a range.
 *
 * @param what the option, as the message calls it
 * @param most Default: any that JavaScript counts exactly.
 * @throws MobileNetError `usage`
 * @example
 * checkWhole("workers", 65, 0, 64); // throws: workers must be a whole number from 0 to 64, not 65.
 */
export function checkWhole(
	what: string,
	value: unknown,
	least: number,
	most = Number.MAX_SAFE_INTEGER,
): asserts value is number {
	if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return;
	const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
	throw new MobileNetError("usage", `${what} must be a whole number ${range}, not ${shown(value)}.`);
}
