/** The order of the pictures in an epoch: shuffled, or such that each class occurs equally often. */
import { byClass } from "./classes.ts";
import { randomOf, shuffle } from "./seeds.ts";

export interface OrderOptions {
	/** Seed of the run. Default: 0. */
	readonly seed?: number | undefined;
	/** Number of the epoch, from 0. Default: 0. */
	readonly epoch?: number | undefined;
	/**
	 * The labels of the data set, if each class should occur equally often. The length of an epoch does not change: pictures
	 * of small classes are repeated, and large classes contribute another part in each epoch. Default: each picture occurs
	 * once.
	 */
	readonly balanced?: Int32Array | undefined;
}

/**
 * The pictures of an epoch in order, which depends only on the seed and the epoch.
 *
 * @param indices numbers of the pictures to use, such as `split(…).training`
 * @example
 * orderOf(training, { seed: 1, epoch, balanced: dataset.labels })
 */
export function orderOf(
	indices: Int32Array,
	{ seed = 0, epoch = 0, balanced }: OrderOptions = {},
): Int32Array {
	const random = randomOf(seed, epoch);
	if (!balanced) return shuffle(indices.slice(), random);
	const groups = byClass(indices, balanced);
	// If the length is not divisible, it is also random which classes get one more picture.
	const classes = shuffle([...groups.keys()], random);
	const order = new Int32Array(indices.length);
	let place = 0;
	for (const [rank, label] of classes.entries()) {
		const pictures = groups.get(label)!;
		const wanted = Math.floor(order.length / classes.length) + (rank < order.length % classes.length ? 1 : 0);
		for (let taken = 0; taken < wanted; taken++) {
			if (taken % pictures.length === 0) shuffle(pictures, random);
			order[place++] = pictures[taken % pictures.length]!;
		}
	}
	return shuffle(order, random);
}
