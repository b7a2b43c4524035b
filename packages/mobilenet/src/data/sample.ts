/** Some of many pictures, such as those that a network is calibrated with. */
import { checkWhole } from "../base/check.ts";
import { random } from "../base/random.ts";
import { below } from "./seeds.ts";

/**
 * Some items of a list at random, in random order: the same for the same seed. All of them where there are no more.
 *
 * @param count a whole number of at least 0
 * @param options `seed`, a whole number. Default: 1.
 * @throws MobileNetError `usage` for any other count or seed
 * @example
 * const { model, report } = await quantize(float, sample(paths, 200));
 */
export function sample<T>(
	items: readonly T[],
	count: number,
	{ seed = 1 }: { readonly seed?: number | undefined } = {},
): T[] {
	checkWhole("the number of items to take", count, 0);
	const from = random(seed);
	const rest = [...items];
	return Array.from(
		{ length: Math.min(count, rest.length) },
		() => rest.splice(below(rest.length, from), 1)[0]!,
	);
}
