/** Noisy pictures of one color a class: something small that can be learned. */
import { random } from "../../src/base/random.ts";

const colors = [
	["red", [200, 60, 60]],
	["green", [60, 200, 60]],
	["blue", [60, 60, 200]],
] as const;

/** So many pictures of `size`² pixels, their classes in turn: what `datasetOf` takes. */
export function colored(count: number, seed: number, size = 32) {
	const { uniform } = random(seed);
	const labels = Array.from({ length: count }, (_, i) => i % colors.length);
	const pictures = labels.map((label) => {
		const data = Uint8Array.from({ length: size * size * 3 }, (_, i) =>
			Math.round(colors[label]![1][i % 3]! + 110 * (uniform() - 0.5)),
		);
		return { data, width: size, height: size, channels: 3 };
	});
	return { pictures, labels, classes: colors.map(([name]) => name) };
}
