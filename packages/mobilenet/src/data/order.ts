/** The order in which an epoch takes its pictures: shuffled, or so that each class comes equally often. */
import { byClass } from "./classes.ts";
import { randomOf, shuffle } from "./seeds.ts";

export interface OrderOptions {
	/** Of the run; 0 if not given. */
	readonly seed?: number;
	/** Number of the epoch, from 0; 0 if not given. */
	readonly epoch?: number;
	/**
	 * The labels of the data set, to take each class equally often: an epoch is as long as ever, pictures of small classes
	 * come several times in it, and of large ones another part in each epoch. None: each picture comes once.
	 */
	readonly balanced?: Int32Array | undefined;
}

/**
 * The pictures of an epoch in order: a function of the seed and the epoch alone.
 *
 * @param indices numbers of the pictures to take, such as `split(…).training`
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
	// Which classes get one picture more, where the length does not divide, is chance too.
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
