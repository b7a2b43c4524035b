/**
 * Writes the AssemblyScript of the depthwise tiles: up to four pixels of a row × 4 channels in registers.
 *
 * Inside the channel loop stands a loop over the filter's rows whose body holds one row: three weights, the
 * inputs of the tile's pixels one after the other, three multiply-adds a pixel. So few values are alive at a time
 * that nothing is spilled (with all nine taps unrolled it is half as fast). A missing row on top or below is just
 * a shorter loop; a missing column at either end is a tile of its own that leaves out one tap. What is missing
 * more (the tutorial's last block has a padding of 4) is done pixel by pixel in assembly/depthwise.ts.
 */

interface Tile {
	readonly stride: 1 | 2;
	readonly pixels: number;
	/** Whether the first pixel lacks its left tap. */
	readonly left: boolean;
	/** Whether the last pixel lacks its right tap. */
	readonly right: boolean;
}

const mostPixels = 4;
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

const tiles: readonly Tile[] = ([1, 2] as const).flatMap((stride) =>
	range(mostPixels).flatMap((p) =>
		[false, true].flatMap((left) => [false, true].map((right) => ({ stride, pixels: p + 1, left, right }))),
	),
);

function tileName({ stride, pixels, left, right }: Tile): string {
	return `f32_depthwise3x3s${stride}__${pixels}x4${left ? "l" : ""}${right ? "r" : ""}`;
}

function tile(t: Tile): string {
	const pixels = range(t.pixels);
	const columns = range((t.pixels - 1) * t.stride + 3);
	const lines: string[] = [];
	const say = (text: string): void => void lines.push(text);
	say(
		`export function ${tileName(t)}(input: usize, rowPitch: usize, rows: i32, output: usize, biasEnd: usize, inputPitch: usize, outputPitch: usize, weights: usize, bias: usize, bounds: usize): void {`,
	);
	say("  do {");
	for (const p of pixels) say(`    let s${p} = v128.load(bias);`);
	say("    let row: usize = input, w: usize = weights, n = rows;");
	say("    do {");
	for (const k of range(3)) say(`      const w${k} = v128.load(w, ${k * 16});`);
	say("      let x: usize = row;");
	for (const c of columns) {
		const missing = (t.left && c === 0) || (t.right && c === columns.length - 1);
		if (!missing) {
			say(`      const i${c} = v128.load(x);`);
			for (const p of pixels) {
				const k = c - p * t.stride;
				if (k >= 0 && k < 3) say(`      s${p} = fma(i${c}, w${k}, s${p});`);
			}
		}
		if (c < columns.length - 1) say("      x += inputPitch;");
	}
	say("      row += rowPitch; w += 48;");
	say("    } while (--n);");
	say("    const low = v128.load_splat<f32>(bounds), high = v128.load_splat<f32>(bounds, 4);");
	say("    let o: usize = output;");
	for (const p of pixels) {
		say(`    v128.store(o, clamp(s${p}, low, high));`);
		if (p < t.pixels - 1) say("    o += outputPitch;");
	}
	say("    input += 16; output += 16; weights += 144; bias += 16;");
	say("  } while (bias != biasEnd);");
	say("}");
	return lines.join("\n");
}

/** Chooses among the tiles of one stride. */
function choice(stride: 1 | 2): string {
	const cases = tiles
		.filter((t) => t.stride === stride)
		.map(
			(t) =>
				`    case ${(t.pixels - 1) * 4 + (t.left ? 2 : 0) + (t.right ? 1 : 0)}: ${tileName(t)}(input, rowPitch, rows, output, biasEnd, inputPitch, outputPitch, weights, bias, bounds); return;`,
		);
	return `
/** ${mostPixels} pixels at most; \`left\` and \`right\` say whether the outermost tap is missing. */
export function depthwiseTile${stride}(pixels: i32, left: bool, right: bool, input: usize, rowPitch: usize, rows: i32, output: usize, biasEnd: usize, inputPitch: usize, outputPitch: usize, weights: usize, bias: usize, bounds: usize): void {
  switch (((pixels - 1) << 2) + (left ? 2 : 0) + (right ? 1 : 0)) {
${cases.join("\n")}
  }
}`;
}

/** The whole generated file. */
export function depthwiseSource(): string {
	return [
		'import { clamp, fma } from "./arithmetic";',
		`export const mostPixels: i32 = ${mostPixels};`,
		...tiles.map(tile),
		choice(1),
		choice(2),
		"",
	].join("\n");
}
