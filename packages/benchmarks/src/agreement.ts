/** Checks that a runtime computes the same as ours, without which its times do not count. */

/** Tolerance of float32 probabilities, relative to the greatest. */
const mostApart = 1e-3;
/** Integers, on twelve photographs: runtimes round sums next to a half to either code. */
const leastShare = 11 / 12;

/** @throws Error if probabilities differ by more than 1e-3 of the greatest */
export function sameNumbers(name: string, received: readonly number[], expected: readonly number[]): void {
	sameLength(name, received, expected);
	// Relative to the greatest, so that the small probabilities of a network with random weights are compared too.
	const scale = expected.reduce((most, value) => Math.max(most, value), 0);
	const apart =
		received.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0) / scale;
	if (!(apart <= mostApart))
		throw new Error(
			`${name} does not agree with ours: the probabilities differ by ${apart.toPrecision(2)} of the greatest, but only ${mostApart} is allowed.`,
		);
}

/**
 * @returns a sentence on how well it agrees
 * @throws Error if the class differs on more than one of twelve photographs
 */
export function sameClasses(
	name: string,
	received: readonly number[],
	expected: readonly number[],
	classes: number,
): string {
	sameLength(name, received, expected);
	const pictures = expected.length / classes;
	let same = 0;
	for (let n = 0; n < pictures; n++) {
		const best = (values: readonly number[]): number => {
			const own = values.slice(n * classes, (n + 1) * classes);
			return own.indexOf(Math.max(...own));
		};
		if (best(received) === best(expected)) same++;
	}
	if (same < Math.floor(pictures * leastShare))
		throw new Error(
			`${name} does not agree with ours: it gives the same class for only ${same} of ${pictures} pictures, but ${Math.floor(pictures * leastShare)} are required.`,
		);
	const equal = received.filter((value, i) => Math.abs(value - expected[i]!) <= mostApart).length;
	return `${name} agrees: the same class for ${same} of ${pictures} pictures, ${((100 * equal) / received.length).toFixed(1)} % of the probabilities within ${mostApart}`;
}

function sameLength(name: string, received: readonly number[], expected: readonly number[]): void {
	if (received.length !== expected.length)
		throw new Error(`${name} gives ${received.length} probabilities, but ours gives ${expected.length}.`);
}
