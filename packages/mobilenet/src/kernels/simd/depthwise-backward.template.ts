/**
 * Writes the AssemblyScript of the tiles for the backward pass of depthwise layers and the stem.
 *
 * The gradient of the input works as in depthwise.template.ts: pixels in registers, and a loop that handles one row of
 * the filter at a time. It reads the output's gradient from a buffer with columns of zeros at both ends, so no tile lacks
 * a tap, and it reads the filter from its last tap to its first. At stride 2 a tile processes pairs of pixels, of which
 * one uses taps 0 and 2 of a row and the other tap 1; which comes first depends on the padding.
 *
 * The gradient of the weights keeps nine sums of a few channels in registers and moves along the rows. At stride 1 a row
 * of inputs is combined with three rows of the output's gradient. At stride 2 one row of inputs is combined with two of
 * them, for the filter's first and last row, and its neighbor with one, for the middle row. Missing rows are zeros. In the
 * stem, the nine sums are for three inputs in each of the filter's rows, all splatted.
 */
import type { Level } from "./levels.ts";

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The terms of a pixel's sum: column c of the gradient times tap k of the row. */
type Taps = readonly (readonly [column: number, tap: number])[];

interface InputTile {
	readonly name: string;
	readonly columns: number;
	/** The taps of every pixel, in order. */
	readonly pixels: readonly Taps[];
}

function tileOfStride1(pixels: number, { lanes }: Level): InputTile {
	return {
		name: `f32_depthwise3x3s1_input__${pixels}x${lanes}`,
		columns: pixels + 2,
		pixels: range(pixels).map((p) => range(3).map((j) => [p + j, 2 - j] as const)),
	};
}

/** `odd`: whether the pixel of tap 1 comes first, which is so if the padding before the picture is odd. */
function tileOfStride2(pairs: number, odd: boolean, { lanes }: Level): InputTile {
	return {
		name: `f32_depthwise3x3s2_input__${pairs * 2}x${lanes}${odd ? "o" : ""}`,
		columns: pairs + 1,
		pixels: range(pairs).flatMap((p): Taps[] => {
			const both: Taps = [
				[p, 2],
				[p + 1, 0],
			];
			return odd ? [[[p, 1]], both] : [both, [[p + 1, 1]]];
		}),
	};
}

function inputTile({ name, columns, pixels }: InputTile, level: Level): string {
	const vectors = range(level.lanes / 4);
	const bytes = level.lanes * 4;
	const lines: string[] = [];
	const say = (text: string): void => void lines.push(text);
	say(
		`function ${name}(gradient: usize, rowPitch: usize, rows: i32, output: usize, end: usize, gradientPitch: usize, outputPitch: usize, weights: usize, weightStep: usize): void {`,
	);
	say("  do {");
	for (const p of pixels.keys()) for (const v of vectors) say(`    let s${p}_${v} = f32x4.splat(0);`);
	say("    let row: usize = gradient, w: usize = weights, n = rows;");
	say("    do {");
	for (const k of range(3))
		for (const v of vectors) say(`      const w${k}_${v} = v128.load(w, ${k * bytes + v * 16});`);
	say("      let x: usize = row;");
	for (const c of range(columns)) {
		for (const v of vectors) say(`      const i${c}_${v} = v128.load(x, ${v * 16});`);
		for (const [p, taps] of pixels.entries())
			for (const [column, k] of taps) {
				if (column !== c) continue;
				for (const v of vectors) say(`      s${p}_${v} = fma(i${c}_${v}, w${k}_${v}, s${p}_${v});`);
			}
		if (c < columns - 1) say("      x += gradientPitch;");
	}
	say("      row += rowPitch; w += weightStep;");
	say("    } while (--n);");
	say("    let o: usize = output;");
	for (const p of pixels.keys()) {
		// The high offset first: the order in which V8's 256-bit pass joins pairs of stores.
		for (const v of vectors.toReversed()) say(`    v128.store(o, s${p}_${v}, ${v * 16});`);
		if (p < pixels.length - 1) say("    o += outputPitch;");
	}
	say(`    gradient += ${bytes}; output += ${bytes}; weights += ${9 * bytes};`);
	say("  } while (output != end);");
	say("}");
	return lines.join("\n");
}

const passed = "gradient, rowPitch, rows, output, end, gradientPitch, outputPitch, weights, weightStep";
const parameters =
	"gradient: usize, rowPitch: usize, rows: i32, output: usize, end: usize, gradientPitch: usize, outputPitch: usize, weights: usize, weightStep: usize";

/** Pairs of pixels of the tiles at stride 2: eight sums, three weights and an input fit in the registers. */
const pairCounts = [2, 3, 4];

function inputTiles(level: Level): string {
	const counts = range(level.pixels - level.leastPixels + 1).map((p) => p + level.leastPixels);
	const ones = counts.map((pixels) => tileOfStride1(pixels, level));
	const twos = pairCounts.flatMap((pairs) =>
		[false, true].map((odd) => ({ pairs, odd, tile: tileOfStride2(pairs, odd, level) })),
	);
	return [
		...[...ones, ...twos.map(({ tile }) => tile)].map((tile) => inputTile(tile, level)),
		`
/** Pixels of a row at stride 1, \`leastPixels\` to \`mostPixels\`; \`gradient\` is the column under the first pixel's last tap. */
export function depthwiseInputTile1(pixels: i32, ${parameters}): void {
  switch (pixels) {
${ones.map(({ name }, i) => `    case ${counts[i]}: ${name}(${passed}); return;`).join("\n")}
  }
}

/** The most and the fewest pairs of pixels at stride 2. */
export const mostPairs: i32 = ${pairCounts.at(-1)};
export const leastPairs: i32 = ${pairCounts[0]};

/** Pairs of pixels of a row at stride 2; \`gradient\` is the first column that the first pair uses. */
export function depthwiseInputTile2(pairs: i32, odd: bool, ${parameters}): void {
  switch ((pairs << 1) + (odd ? 1 : 0)) {
${twos.map(({ pairs, odd, tile }) => `    case ${pairs * 2 + (odd ? 1 : 0)}: ${tile.name}(${passed}); return;`).join("\n")}
  }
}`,
	].join("\n");
}

/** Adds nine sums to memory, with all loads of a sum before its stores. */
function addSums(
	vectors: readonly number[],
	place: (tap: number) => readonly [base: string, offset: number],
): string[] {
	return range(9).flatMap((t) => {
		const [base, offset] = place(t);
		return [
			...vectors.map((v) => `    const t${t}_${v} = v128.load(${base}, ${offset + v * 16});`),
			...vectors
				.toReversed()
				.map((v) => `    v128.store(${base}, f32x4.add(t${t}_${v}, s${t}_${v}), ${offset + v * 16});`),
		];
	});
}

/**
 * Gradient of depthwise weights. Each of `entries` has the addresses of the rows of inputs, one at stride 1 and two at
 * stride 2, then of the three rows of the output's gradient, one for each row of the filter.
 */
function weightTile(stride: 1 | 2, level: Level): string {
	const vectors = range(level.lanes / 4);
	const bytes = level.lanes * 4;
	/** Which row of inputs belongs to each row of the filter. */
	const rowOf = stride === 1 ? [0, 0, 0] : [0, 1, 0];
	const inputs = range(stride);
	const lines: string[] = [];
	const say = (text: string): void => void lines.push(text);
	say(
		`export function depthwiseWeightTile${stride}(entries: usize, entriesEnd: usize, columns: i32, inputPitch: usize, gradientPitch: usize, weightGradient: usize, end: usize): void {`,
	);
	say("  let channel: usize = 0;");
	say("  do {");
	for (const t of range(9)) for (const v of vectors) say(`    let s${t}_${v} = f32x4.splat(0);`);
	say("    let entry: usize = entries;");
	say("    do {");
	for (const r of inputs) say(`      let x${r}: usize = load<usize>(entry, ${r * 4}) + channel;`);
	for (const i of range(3))
		say(`      let y${i}: usize = load<usize>(entry, ${(inputs.length + i) * 4}) + channel;`);
	say("      let n = columns;");
	say("      do {");
	for (const i of range(3))
		for (const v of vectors) say(`        const g${i}_${v} = v128.load(y${i}, ${v * 16});`);
	for (const r of inputs) {
		say(`        {`);
		for (const j of range(3)) {
			for (const v of vectors) say(`        const i${j}_${v} = v128.load(x${r}, ${v * 16});`);
			for (const i of range(3)) {
				if (rowOf[i] !== r) continue;
				const t = i * 3 + j;
				for (const v of vectors) say(`        s${t}_${v} = fma(i${j}_${v}, g${i}_${v}, s${t}_${v});`);
			}
			if (j < 2) say(`        x${r} += inputPitch;`);
		}
		say(`        }`);
	}
	say(
		`        ${range(3)
			.map((i) => `y${i} += gradientPitch;`)
			.join(" ")}`,
	);
	// The address has moved by two pixels, but at stride 1 the next output is one pixel on.
	if (stride === 1) say("        x0 -= inputPitch;");
	say("      } while (--n);");
	say(`      entry += ${(inputs.length + 3) * 4};`);
	say("    } while (entry != entriesEnd);");
	for (const line of addSums(vectors, (t) => ["weightGradient", t * bytes])) say(line);
	say(`    channel += ${bytes}; weightGradient += ${9 * bytes};`);
	say("  } while (weightGradient != end);");
	say("}");
	return lines.join("\n");
}

/** Gradient of the stem's weights: three inputs of every row of the filter × the channels of one or two vectors. */
function stemTile(level: Level): string {
	const vectors = range(level.lanes / 4);
	const lines: string[] = [];
	const say = (text: string): void => void lines.push(text);
	say(
		"/** `rows` rows of `columns` outputs. In the padded input, neighbors are `inputPitch` bytes apart and rows `rowPitch` bytes long. A row of the filter has `segment` bytes of packed weights. */",
	);
	say(
		"export function stemWeightTile(input: usize, rowPitch: usize, inputPitch: usize, gradient: usize, gradientPitch: usize, rows: i32, columns: i32, weightGradient: usize, segment: usize): void {",
	);
	for (const t of range(9)) for (const v of vectors) say(`    let s${t}_${v} = f32x4.splat(0);`);
	say("  do {");
	for (const i of range(3)) say(`    let x${i}: usize = ${i === 0 ? "input" : `x${i - 1} + rowPitch`};`);
	say("    let n = columns;");
	say("    do {");
	for (const v of vectors) say(`      const g${v} = v128.load(gradient, ${v * 16});`);
	for (const i of range(3))
		for (const k of range(3)) {
			const t = i * 3 + k;
			say(`      const i${t} = v128.load_splat<f32>(x${i}, ${k * 4});`);
			for (const v of vectors) say(`      s${t}_${v} = fma(i${t}, g${v}, s${t}_${v});`);
		}
	say(
		`      ${range(3)
			.map((i) => `x${i} += inputPitch;`)
			.join(" ")} gradient += gradientPitch;`,
	);
	say("    } while (--n);");
	say("    input += 2 * rowPitch;");
	say("  } while (--rows);");
	for (const i of range(3))
		say(`  const o${i}: usize = ${i === 0 ? "weightGradient" : `o${i - 1} + segment`};`);
	for (const line of addSums(vectors, (t) => [`o${Math.floor(t / 3)}`, (t % 3) * 64])) say(line);
	say("}");
	return lines.join("\n");
}

/** The whole generated file. */
export function depthwiseBackwardSource(level: Level): string {
	return [
		'import { fma } from "./arithmetic";',
		inputTiles(level),
		weightTile(1, level),
		weightTile(2, level),
		stemTile(level),
		"",
	].join("\n");
}
