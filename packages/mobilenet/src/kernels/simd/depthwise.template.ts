/**
 * Writes the AssemblyScript of the depthwise tiles: up to four or six pixels of a row × 4 or 8 channels in registers.
 *
 * Inside the channel loop, a loop over the filter's rows handles one row at a time: three weights, the inputs of the
 * tile's pixels in turn, three multiply-adds per pixel. So few values are alive at a time that nothing is spilled; with
 * all nine taps unrolled it is half as fast. A missing row above or below only shortens the loop; for a missing column at
 * either end there is a separate tile that omits one tap. Where more is missing (the tutorial's last block has a padding
 * of 4), assembly/depthwise.ts works pixel by pixel.
 */

import type { Level } from "./levels.ts";

interface Tile {
	readonly stride: 1 | 2;
	readonly pixels: number;
	/** Whether the first pixel lacks its left tap. */
	readonly left: boolean;
	/** Whether the last pixel lacks its right tap. */
	readonly right: boolean;
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function tilesOf({ pixels, leastPixels }: Level): readonly Tile[] {
	return ([1, 2] as const).flatMap((stride) =>
		range(pixels - leastPixels + 1).flatMap((p) =>
			[false, true].flatMap((left) =>
				[false, true].map((right) => ({ stride, pixels: p + leastPixels, left, right })),
			),
		),
	);
}

function tileName({ stride, pixels, left, right }: Tile, { lanes }: Level): string {
	return `f32_depthwise3x3s${stride}__${pixels}x${lanes}${left ? "l" : ""}${right ? "r" : ""}`;
}

function tile(t: Tile, level: Level): string {
	const vectors = range(level.lanes / 4);
	const bytes = level.lanes * 4;
	const pixels = range(t.pixels);
	const columns = range((t.pixels - 1) * t.stride + 3);
	const lines: string[] = [];
	const say = (text: string): void => void lines.push(text);
	say(
		`export function ${tileName(t, level)}(input: usize, rowPitch: usize, rows: i32, output: usize, biasEnd: usize, inputPitch: usize, outputPitch: usize, weights: usize, bias: usize, bounds: usize): void {`,
	);
	say("  do {");
	for (const p of pixels) for (const v of vectors) say(`    let s${p}_${v} = v128.load(bias, ${v * 16});`);
	say("    let row: usize = input, w: usize = weights, n = rows;");
	say("    do {");
	for (const k of range(3))
		for (const v of vectors) say(`      const w${k}_${v} = v128.load(w, ${k * bytes + v * 16});`);
	say("      let x: usize = row;");
	for (const c of columns) {
		const missing = (t.left && c === 0) || (t.right && c === columns.length - 1);
		if (!missing) {
			for (const v of vectors) say(`      const i${c}_${v} = v128.load(x, ${v * 16});`);
			for (const p of pixels) {
				const k = c - p * t.stride;
				if (k < 0 || k > 2) continue;
				for (const v of vectors) say(`      s${p}_${v} = fma(i${c}_${v}, w${k}_${v}, s${p}_${v});`);
			}
		}
		if (c < columns.length - 1) say("      x += inputPitch;");
	}
	say(`      row += rowPitch; w += ${3 * bytes};`);
	say("    } while (--n);");
	say("    const low = v128.load_splat<f32>(bounds), high = v128.load_splat<f32>(bounds, 4);");
	say("    let o: usize = output;");
	for (const p of pixels) {
		// The high offset first: the order in which V8's 256-bit pass joins pairs of stores.
		for (const v of vectors.toReversed()) say(`    v128.store(o, clamp(s${p}_${v}, low, high), ${v * 16});`);
		if (p < t.pixels - 1) say("    o += outputPitch;");
	}
	say(`    input += ${bytes}; output += ${bytes}; weights += ${9 * bytes}; bias += ${bytes};`);
	say("  } while (bias != biasEnd);");
	say("}");
	return lines.join("\n");
}

/** Chooses among the tiles of one stride. */
function choice(stride: 1 | 2, level: Level): string {
	const cases = tilesOf(level)
		.filter((t) => t.stride === stride)
		.map(
			(t) =>
				`    case ${(t.pixels - 1) * 4 + (t.left ? 2 : 0) + (t.right ? 1 : 0)}: ${tileName(t, level)}(input, rowPitch, rows, output, biasEnd, inputPitch, outputPitch, weights, bias, bounds); return;`,
		);
	return `
/** At most ${level.pixels} pixels; \`left\` and \`right\` say whether the outermost tap is missing. */
export function depthwiseTile${stride}(pixels: i32, left: bool, right: bool, input: usize, rowPitch: usize, rows: i32, output: usize, biasEnd: usize, inputPitch: usize, outputPitch: usize, weights: usize, bias: usize, bounds: usize): void {
  switch (((pixels - 1) << 2) + (left ? 2 : 0) + (right ? 1 : 0)) {
${cases.join("\n")}
  }
}`;
}

/** The whole generated file. */
export function depthwiseSource(level: Level): string {
	return [
		'import { clamp, fma } from "./arithmetic";',
		`/** The most and the fewest pixels of a tile, and the channels that it processes at once. */\nexport const mostPixels: i32 = ${level.pixels};\nexport const leastPixels: i32 = ${level.leastPixels};\nexport const lanes: i32 = ${level.lanes};`,
		...tilesOf(level).map((t) => tile(t, level)),
		choice(1, level),
		choice(2, level),
		"",
	].join("\n");
}
