/**
 * Writes the AssemblyScript of the integer pointwise tiles: `rows` pixels × `columns` output channels of 32-bit sums in
 * registers, two input channels at a time, by the dot product of 16-bit integers, which is exact everywhere.
 *
 * At 128 bits a tile of 4 × 8 has 8 sums; with two weights, the splat of two inputs and a product, it uses 12 of V8's 15
 * registers. In the wide module a tile of 5 × 16 has 10 sums of 256 bits and uses 14 registers; six rows would spill. An
 * iteration of its loop is 36 instructions for 160 multiply-adds, 10 of them dot products and 10 additions: 1.7 times the
 * rate of float32. With few input channels the epilogue is the bottleneck. The input channels come in segments with a jump
 * between them: one segment in a pointwise layer, one per filter row in the stem. A single row (the classifier, bound by
 * memory) has two sets of sums.
 *
 * Tiles of bytes differ only in the dot product: that of relaxed SIMD takes four input channels and adds. If the processor
 * has an instruction for it (AVX-VNNI), six rows of either width keep it busy, with 12 sums and 15 registers.
 *
 * In the epilogue, sums become words. Narrowing works on the two halves of 256 bits separately, so the wide tiles swap the
 * middle channels of a panel (packing.ts), and everything stays 256 bits wide.
 */
import { type Int8Level, requantized } from "./int8-levels.ts";

/** The items of a dot product: two words, or four bytes. */
type Items = "words" | "bytes";

/** The prefix of tile names, and the expression that adds the products of inputs and weights to sums. */
const dot = {
	words: {
		prefix: "i16",
		sum: (inputs: string, weights: string, sums: string): string =>
			`i32x4.add(i32x4.dot_i16x8_s(${inputs}, ${weights}), ${sums})`,
	},
	bytes: {
		prefix: "i8",
		// Processors take the second operand as unsigned.
		sum: (inputs: string, weights: string, sums: string): string =>
			`i32x4.relaxed_dot_i8x16_i7x16_add_s(${weights}, ${inputs}, ${sums})`,
	},
} as const;

interface Tile {
	readonly items: Items;
	readonly rows: number;
	readonly columns: 8 | 16;
	/** Pairs of input channels per iteration of the loop, each with its own sums. */
	readonly split: 1 | 2;
}

/** Vector registers that V8 allocates. */
const registers = 15;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function tilesOf({ columns }: Int8Level, items: Items, rows: number): readonly Tile[] {
	const widths = columns === 16 ? ([8, 16] as const) : ([8] as const);
	return [
		...widths.flatMap((width) =>
			range(rows).map((r) => ({ items, rows: r + 1, columns: width, split: 1 }) as const),
		),
		{ items, rows: 1, columns: 16, split: 2 },
	];
}

function tileName({ items, rows, columns, split }: Tile): string {
	return `${dot[items].prefix}_${split === 2 ? "dense" : "pointwise"}__${rows}x${columns}`;
}

/** The function of one tile, which processes `tiles` tiles, one below the other. */
function tile(t: Tile, level: Int8Level): string {
	const vectors = range(t.columns / 4);
	const rows = range(t.rows);
	// Half a panel of the wide module: its first and third vectors.
	const places = t.columns === 8 && level.columns === 16 ? [0, 32] : vectors.map((v) => v * 16);
	const lines: string[] = [];
	const say = (text: string): void => void lines.push(text);
	say(
		`export function ${tileName(t)}(input: usize, inputPitch: usize, weights: usize, segmentBytes: usize, segments: i32, jump: usize, bias: usize, multipliers: usize, bounds: usize, output: usize, outputPitch: usize, tiles: i32): void {`,
	);
	say("  do {");
	say("    let w: usize = weights, left = segments;");
	for (const r of rows) say(`    let x${r}: usize = ${r === 0 ? "input" : `x${r - 1} + inputPitch`};`);
	for (const v of vectors) say(`    const b${v} = v128.load(bias, ${places[v]});`);
	for (const r of rows) for (const v of vectors) say(`    let s${r}_${v} = b${v};`);
	for (let s = 1; s < t.split; s++)
		for (const r of rows) for (const v of vectors) say(`    let s${r}_${v}_${s} = i32x4.splat(0);`);
	say("    do {");
	say("    const end: usize = w + segmentBytes;");
	const step = (k: number): void => {
		const suffix = k === 0 ? "" : `_${k}`;
		say("      {");
		for (const v of vectors) say(`      const w${v} = v128.load(w, ${k * 64 + places[v]!});`);
		for (const r of rows) {
			say(`      const i${r} = v128.load_splat<i32>(x${r}, ${k * 4});`);
			for (const v of vectors) {
				const sums = `s${r}_${v}${suffix}`;
				say(`      ${sums} = ${dot[t.items].sum(`i${r}`, `w${v}`, sums)};`);
			}
		}
		say("      }");
	};
	const advance = (n: number): void => {
		for (const r of rows) say(`      x${r} += ${n * 4};`);
		say(`      w += ${n * 64};`);
	};
	if (t.split === 2) {
		say("    const evenEnd: usize = w + (segmentBytes & ~127);");
		say("    while (w != evenEnd) {");
		step(0);
		step(1);
		advance(2);
		say("    }");
		say("    if (w != end) {");
		step(0);
		advance(1);
		say("    }");
	} else {
		say("    do {");
		step(0);
		advance(1);
		say("    } while (w != end);");
	}
	for (const r of rows) say(`    x${r} += jump;`);
	say("    } while (--left);");
	for (let s = 1; s < t.split; s++)
		for (const r of rows)
			for (const v of vectors) say(`    s${r}_${v} = i32x4.add(s${r}_${v}, s${r}_${v}_${s});`);
	const splats = (address: string): string[] =>
		[0, 4, 8].map((at) => `v128.load_splat<f32>(${address}, ${at})`);
	const multiplier = (v: number): string => `v128.load(multipliers, ${places[v]})`;
	const share = (): void => {
		const [low, high, added] = splats("bounds");
		say(`    const low = ${low}, high = ${high}, rounding = ${added};`);
		for (const v of vectors) {
			say(`    const m${v} = ${multiplier(v)};`);
			if (level.roundings === 2) say(`    const k${v} = v128.load(multipliers, ${64 + places[v]!});`);
		}
	};
	// If the sums left no registers for the values that all rows of the epilogue share, the sums would be stored to the
	// stack in every iteration, which is three times as slow if the stack slot crosses a page. So the first row loads these
	// values separately, and its second half from an address that the compiler cannot know to be equal: `left` is 0 here.
	const isCrowded = (t.rows * t.columns) / (level.columns / 2) + 5 > registers;
	if (!isCrowded) share();
	for (const r of rows) {
		if (isCrowded && r === 1) share();
		say(`    { const o: usize = output + outputPitch * ${r};`);
		for (const v of vectors) {
			const sums = `f32x4.convert_i32x4_s(s${r}_${v})`;
			const address = v < vectors.length / 2 ? "bounds" : "bounds + <usize>left";
			say(
				`    const y${v} = ${
					isCrowded && r === 0
						? `requantize(${sums}, ${multiplier(v)}, ${splats(address).join(", ")})`
						: requantized(level, sums, `m${v}`, `k${v}`)
				};`,
			);
		}
		const pairs =
			t.columns === 8
				? [[0, 1]]
				: level.columns === 16
					? [
							[0, 2],
							[1, 3],
						]
					: [
							[0, 1],
							[2, 3],
						];
		// The high offset first: the order in which V8's 256-bit pass joins pairs of stores.
		for (const [i, [a, b]] of [...pairs.entries()].toReversed())
			say(`    v128.store(o, i16x8.narrow_i32x4_s(y${a}, y${b}), ${i * 16});`);
		say("    }");
	}
	say(`    input += inputPitch * ${t.rows}; output += outputPitch * ${t.rows};`);
	say("  } while (--tiles);");
	say("}");
	return lines.join("\n");
}

const parameters =
	"input: usize, inputPitch: usize, weights: usize, segmentBytes: usize, segments: i32, jump: usize, bias: usize, multipliers: usize, bounds: usize, output: usize, outputPitch: usize";
const passed =
	"input, inputPitch, weights, segmentBytes, segments, jump, bias, multipliers, bounds, output, outputPitch";

/** All rows of a column of tiles: usual ones, and for a remainder enough tiles of one row less. */
function columnOfTiles(items: Items, height: number, columns: 8 | 16): string {
	const run = (rows: number, count: string): string =>
		`${tileName({ items, rows, columns, split: 1 })}(${passed}, ${count});`;
	return `
function column${columns}(${parameters}, rows: i32): void {
  let usual = rows / ${height}, less = 0, rest = rows % ${height};
  if (rest && usual >= ${height - 1} - rest) { usual -= ${height - 1} - rest; less = ${height} - rest; rest = 0; }
  if (usual) {
    ${run(height, "usual")}
    input += inputPitch * (usual * ${height}); output += outputPitch * (usual * ${height});
  }
  if (less) {
    ${run(height - 1, "less")}
    return;
  }
  switch (rest) {
${range(height - 2)
	.map((r) => `    case ${r + 1}: ${run(r + 1, "1")} break;`)
	.join("\n")}
  }
}`;
}

/** The whole generated file for words or for bytes. */
export function int8PointwiseSource(level: Int8Level, items: Items): string {
	const height = items === "words" ? level.rows : level.byteRows;
	const widths = level.columns === 16 ? ([8, 16] as const) : ([8] as const);
	return [
		'import { requantize, requantizeTwice } from "../int8-requantize";',
		`/** Pixels of the usual tile. */\nexport const tileRows: i32 = ${height};`,
		...tilesOf(level, items, height).map((t) => tile(t, level)),
		...widths.map((columns) => columnOfTiles(items, height, columns)),
		`
/** Processes at most \`left\` output channels; returns how many: those of a tile, or the remaining eight. */
export function pointwiseColumns(left: i32, ${parameters}, rows: i32): i32 {
${level.columns === 16 ? `  if (left > 8) { column16(${passed}, rows); return 16; }\n` : ""}  column8(${passed}, rows);
  return 8;
}`,
		"",
	].join("\n");
}
