/** Whether two models give the same outputs: on random input that a seed fixes, and on pictures. */
import { random } from "../base/random.ts";
import type { MobileNet } from "../model/mobilenet.ts";
import type { NamedPicture } from "./pictures.ts";

/** The most that an output of the one may differ from the other's. Two readings of the same weights differ by nothing. */
export const tolerance = 1e-5;
export const seed = 1;
export const randomPictures = 4;

/** How far the outputs for one input lie apart. */
export interface Comparison {
	/** A picture's name, or `random`. */
	readonly input: string;
	readonly difference: number;
	/** Whether the most probable class is the same; undefined for networks without a classifier. */
	readonly sameTop1: boolean | undefined;
}

export type Compared = Comparison | { readonly input: string; readonly error: unknown };

/** Whether it is within the tolerance; what is no number is not. */
export function same(compared: Compared): boolean {
	return !("error" in compared) && compared.difference <= tolerance && compared.sameTop1 !== false;
}

/**
 * Compares the outputs of two models, the random input first. Outputs for pictures are the logits, or the pooled features
 * of a network without a classifier.
 *
 * @param one and `other`: of the same configuration
 */
export async function* compare(
	one: MobileNet,
	other: MobileNet,
	pictures: AsyncIterable<NamedPicture>,
): AsyncGenerator<Compared, void, void> {
	const { size, inputChannels, head } = one.configuration;
	const { uniform } = random(seed);
	const input = Float32Array.from(
		{ length: randomPictures * size * size * inputChannels },
		() => 2 * uniform() - 1,
	);
	const batch = { batch: randomPictures };
	const [a, b] = [await one.run(input, batch), await other.run(input, batch)];
	yield comparison("random", a, b, randomPictures, head);
	const layer = head ? "classifier" : "pool";
	for await (const { key, source } of pictures)
		try {
			const [a, b] = [await one.features(source, layer), await other.features(source, layer)];
			yield comparison(key, a.data, b.data, 1, head);
		} catch (error) {
			yield { input: key, error };
		}
}

function comparison(
	input: string,
	a: Float32Array,
	b: Float32Array,
	rows: number,
	head: boolean,
): Comparison {
	const difference = a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
	const columns = a.length / rows;
	const sameTop1 = Array.from({ length: rows }, (_, n) => [n * columns, (n + 1) * columns] as const).every(
		([from, to]) => largest(a.subarray(from, to)) === largest(b.subarray(from, to)),
	);
	return { input, difference, sameTop1: head ? sameTop1 : undefined };
}

function largest(values: Float32Array): number {
	return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
}
