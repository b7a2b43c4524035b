/** Whether two models give the same outputs: on random input that a seed fixes, and on pictures. */
import { random } from "../base/random.ts";
import type { MobileNet } from "../model/mobilenet.ts";
import type { KeyedPicture } from "../model/pictures.ts";

/** The random input: the same for every two models of one configuration. */
export const randomInput = { pictures: 4, seed: 1 } as const;
/** The most that outputs may differ by. Two readings of the same weights do not differ at all. */
export const outputTolerance = 1e-5;

/** How far apart the outputs for one input are. */
export interface OutputDifference {
	/** A picture's name, or `random`. */
	readonly input: string;
	/** The largest difference of an output. */
	readonly difference: number;
	/** Whether the most probable class is the same; undefined for networks without a classifier. */
	readonly sameTop1: boolean | undefined;
}

export type ComparedOutputs = OutputDifference | { readonly input: string; readonly error: unknown };

/** A picture whose key is its name. */
export interface NamedPicture extends KeyedPicture<string> {
	readonly key: string;
}

/**
 * Compares the outputs of two models, of the random input first, then of each picture. A picture's outputs are the
 * logits, or the pooled features of a network without a classifier. A picture that cannot be read becomes a row with its
 * error.
 *
 * @param one and `other`: of the same configuration
 * @example
 * const [one, other] = [await MobileNet.load("model.tflite"), await MobileNet.load("model.safetensors")];
 * for await (const row of compareOutputs(one, other, [{ key: "a", source: "a.jpg" }])) console.log(sameOutputs(row));
 */
export async function* compareOutputs(
	one: MobileNet,
	other: MobileNet,
	pictures: Iterable<NamedPicture> | AsyncIterable<NamedPicture> = [],
): AsyncGenerator<ComparedOutputs, void, void> {
	const { size, inputChannels, head, output, binary } = one.configuration;
	const { uniform } = random(randomInput.seed);
	const input = Float32Array.from(
		{ length: randomInput.pictures * size * size * inputChannels },
		() => 2 * uniform() - 1,
	);
	const batch = { batch: randomInput.pictures };
	const [a, b] = [await one.run(input, batch), await other.run(input, batch)];
	// A single output tells two classes by the side of the middle on which it is.
	const best = (middle: number) => (binary ? (row: Float32Array) => (row[0]! > middle ? 1 : 0) : largest);
	const bestOutput = head ? best(output === "sigmoid" ? 0.5 : 0) : undefined;
	const bestLogit = head ? best(0) : undefined;
	yield differenceOf("random", a, b, randomInput.pictures, bestOutput);
	const layer = head ? "classifier" : "pool";
	for await (const { key, source } of pictures)
		try {
			const [a, b] = [await one.features(source, layer), await other.features(source, layer)];
			yield differenceOf(key, a.data, b.data, 1, bestLogit);
		} catch (error) {
			yield { input: key, error };
		}
}

/** Whether outputs are within the tolerance, and the best class is the same; NaN never is. */
export function sameOutputs(compared: ComparedOutputs): boolean {
	return !("error" in compared) && compared.difference <= outputTolerance && compared.sameTop1 !== false;
}

function differenceOf(
	input: string,
	a: Float32Array,
	b: Float32Array,
	rows: number,
	bestOf: ((row: Float32Array) => number) | undefined,
): OutputDifference {
	const difference = a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
	const columns = a.length / rows;
	const ends = Array.from({ length: rows }, (_, n) => [n * columns, (n + 1) * columns] as const);
	const sameTop1 = bestOf && ends.every((row) => bestOf(a.subarray(...row)) === bestOf(b.subarray(...row)));
	return { input, difference, sameTop1 };
}

function largest(values: Float32Array): number {
	return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
}
