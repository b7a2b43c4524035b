/**
 * Writes the AssemblyScript of the integer depthwise tiles: several pixels of a row × 8 channels in registers, with a
 * loop over the filter's rows in the channel loop, and separate tiles that omit a tap at either end, as
 * depthwise.template.ts explains.
 *
 * Words are converted to float32 when loaded; sums of nine products of 9 bits are exact. (Dot products of 16-bit integers
 * need neighboring taps interleaved, which V8's 256-bit pass does not join. At 128 bits they are 4 to 10 % faster than
 * fused multiply-adds and about 20 % faster than separate ones, which is under 3 % of a network.) The number of
 * instructions is the bottleneck; a quarter are conversions, and nothing is spilled. Sums become words in the epilogue. The
 * eight words of a pixel are one store, but the pass starts from pairs of stores: in the wide module the words are stored
 * as 32 bits each to a scratch of 32 bytes per pixel first, which costs two instructions.
 */
import { type Int8Level, requantized } from "./int8-levels.ts";

interface Tile {
	readonly stride: 1 | 2;
	readonly pixels: number;
	/** Whether the first pixel lacks its left tap. */
	readonly left: boolean;
	/** Whether the last pixel lacks its right tap. */
	readonly right: boolean;
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function tilesOf({ pixels, leastPixels }: Int8Level): readonly Tile[] {
	return ([1, 2] as const).flatMap((stride) =>
		range(pixels - leastPixels + 1).flatMap((p) =>
			[false, true].flatMap((left) =>
				[false, true].map((right) => ({ stride, pixels: p + leastPixels, left, right })),
			),
		),
	);
}

function tileName({ stride, pixels, left, right }: Tile): string {
	return `i16_depthwise3x3s${stride}__${pixels}x8${left ? "l" : ""}${right ? "r" : ""}`;
}

const parameters =
	"input: usize, rowPitch: usize, rows: i32, output: usize, biasEnd: usize, inputPitch: usize, outputPitch: usize, weights: usize, bias: usize, multipliers: usize, bounds: usize, scratch: usize";
const passed =
	"input, rowPitch, rows, output, biasEnd, inputPitch, outputPitch, weights, bias, multipliers, bounds, scratch";

function tile(t: Tile, level: Int8Level): string {
	const isWide = level.columns === 16;
	const halves = [0, 1];
	const pixels = range(t.pixels);
	const columns = range((t.pixels - 1) * t.stride + 3);
	const lines: string[] = [];
	const say = (text: string): void => void lines.push(text);
	say(`function ${tileName(t)}(${parameters}): void {`);
	say("  do {");
	for (const p of pixels) for (const v of halves) say(`    let s${p}_${v} = f32x4.splat(0);`);
	say("    let row: usize = input, w: usize = weights, n = rows;");
	say("    do {");
	for (const k of range(3))
		for (const v of halves) say(`      const w${k}_${v} = v128.load(w, ${k * 32 + v * 16});`);
	say("      let x: usize = row;");
	for (const c of columns) {
		const missing = (t.left && c === 0) || (t.right && c === columns.length - 1);
		if (!missing) {
			for (const v of halves)
				say(`      const i${c}_${v} = f32x4.convert_i32x4_s(v128.load_ext<i16>(x, ${v * 8}));`);
			for (const p of pixels) {
				const k = c - p * t.stride;
				if (k < 0 || k > 2) continue;
				for (const v of halves) say(`      s${p}_${v} = fma(i${c}_${v}, w${k}_${v}, s${p}_${v});`);
			}
		}
		if (c < columns.length - 1) say("      x += inputPitch;");
	}
	say("      row += rowPitch; w += 96;");
	say("    } while (--n);");
	say(
		"    const low = v128.load_splat<f32>(bounds), high = v128.load_splat<f32>(bounds, 4), rounding = v128.load_splat<f32>(bounds, 8);",
	);
	for (const v of halves) {
		say(`    const b${v} = v128.load(bias, ${v * 16}), m${v} = v128.load(multipliers, ${v * 16});`);
		if (level.roundings === 2) say(`    const k${v} = v128.load(multipliers, ${32 + v * 16});`);
	}
	say("    let o: usize = output;");
	const word = (p: number, v: number): string =>
		requantized(level, `f32x4.add(s${p}_${v}, b${v})`, `m${v}`, `k${v}`);
	if (isWide)
		// The high offset first: the order in which the pass joins pairs of stores.
		for (const p of pixels)
			for (const v of halves.toReversed()) say(`    v128.store(scratch, ${word(p, v)}, ${p * 32 + v * 16});`);
	for (const p of pixels) {
		const [a, b] = isWide
			? [`v128.load(scratch, ${p * 32})`, `v128.load(scratch, ${p * 32 + 16})`]
			: [word(p, 0), word(p, 1)];
		say(`    v128.store(o, i16x8.narrow_i32x4_s(${a}, ${b}));`);
		if (p < t.pixels - 1) say("    o += outputPitch;");
	}
	say("    input += 16; output += 16; weights += 288; bias += 32; multipliers += 64;");
	say("  } while (bias != biasEnd);");
	say("}");
	return lines.join("\n");
}

/** Chooses among the tiles of one stride. */
function choice(stride: 1 | 2, level: Int8Level): string {
	const cases = tilesOf(level)
		.filter((t) => t.stride === stride)
		.map(
			(t) =>
				`    case ${(t.pixels - 1) * 4 + (t.left ? 2 : 0) + (t.right ? 1 : 0)}: ${tileName(t)}(${passed}); return;`,
		);
	return `
/** At most ${level.pixels} pixels; \`left\` and \`right\` say whether the outermost tap is missing. */
export function depthwiseTile${stride}(pixels: i32, left: bool, right: bool, ${parameters}): void {
  switch (((pixels - 1) << 2) + (left ? 2 : 0) + (right ? 1 : 0)) {
${cases.join("\n")}
  }
}`;
}

/** The whole generated file. */
export function int8DepthwiseSource(level: Int8Level): string {
	return [
		'import { fma } from "./arithmetic";',
		'import { requantize, requantizeTwice } from "../int8-requantize";',
		`/** The most and the fewest pixels of a tile. */\nexport const mostPixels: i32 = ${level.pixels};\nexport const leastPixels: i32 = ${level.leastPixels};\n/** How often a sum is rounded. */\nexport const roundings: i32 = ${level.roundings};`,
		...tilesOf(level).map((t) => tile(t, level)),
		choice(1, level),
		choice(2, level),
		"",
	].join("\n");
}
