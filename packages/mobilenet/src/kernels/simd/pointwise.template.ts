/**
 * Writes the AssemblyScript of the pointwise tiles: `rows` pixels × `columns` output channels in registers, one
 * input channel after the other.
 *
 * At 128 bits a tile of 4 × 8 has 8 accumulators, which is what two multiply-adds a cycle of four cycles' latency
 * need; with two weights and the splat of an input that is 11 of V8's 15 registers. Tiles of fewer rows are bound
 * by latency, so a remainder of one row is taken by a tile of five, and a single row (the classifier) by one of 16
 * columns and two sets of accumulators. Weights are read once a tile from panels of 16 columns, inputs splatted
 * from the pixels where they lie. In the stem the input channels of a pixel come in three segments, a filter row
 * each. Bounds are loaded after the loop: in registers before it they would be spilled.
 */

interface Tile {
	readonly rows: number;
	/** Output channels, a multiple of 4. */
	readonly columns: number;
	/** Input channels a turn of the loop takes, each with accumulators of its own if `split`. */
	readonly split: 1 | 2;
	/** Whether the input channels come in segments with a jump between them. */
	readonly segmented: boolean;
}

export const tiles: readonly Tile[] = [
	...[1, 2, 3, 4, 5].map((rows) => ({ rows, columns: 8, split: 1, segmented: false }) as const),
	...[1, 2, 3, 4, 5].map((rows) => ({ rows, columns: 8, split: 1, segmented: true }) as const),
	{ rows: 1, columns: 16, split: 2, segmented: false },
];

export function tileName({ rows, columns, segmented }: Tile): string {
	return `f32_${segmented ? "stem" : "pointwise"}__${rows}x${columns}`;
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** One tile's function: `tiles` tiles one below the other. */
function tile(t: Tile): string {
	const vectors = range(t.columns / 4);
	const rows = range(t.rows);
	const lines: string[] = [];
	const say = (text: string): void => void lines.push(text);
	const parameters = [
		"input: usize, inputPitch: usize, weights: usize, weightBytes: usize",
		...(t.segmented ? ["jump: usize"] : []),
		"bias: usize, bounds: usize, output: usize, outputPitch: usize, tiles: i32",
	].join(", ");
	say(`export function ${tileName(t)}(${parameters}): void {`);
	say("  do {");
	say("    let w: usize = weights;");
	for (const r of rows) say(`    let x${r}: usize = ${r === 0 ? "input" : `x${r - 1} + inputPitch`};`);
	for (const v of vectors) say(`    const b${v} = v128.load(bias, ${v * 16});`);
	for (const r of rows) for (const v of vectors) say(`    let s${r}_${v} = b${v};`);
	for (let s = 1; s < t.split; s++)
		for (const r of rows) for (const v of vectors) say(`    let s${r}_${v}_${s} = f32x4.splat(0);`);
	if (t.segmented) say("    for (let segment = 0; segment < 3; segment++) {");
	say("    const end: usize = w + weightBytes;");
	const step = (k: number): void => {
		const suffix = k === 0 ? "" : `_${k}`;
		say("      {");
		for (const v of vectors) say(`      const w${v} = v128.load(w, ${(k * 4 + v) * 16});`);
		for (const r of rows) {
			say(`      const i${r} = v128.load_splat<f32>(x${r}, ${k * 4});`);
			for (const v of vectors) say(`      s${r}_${v}${suffix} = fma(i${r}, w${v}, s${r}_${v}${suffix});`);
		}
		say("      }");
	};
	const advance = (n: number): void => {
		for (const r of rows) say(`      x${r} += ${n * 4};`);
		say(`      w += ${n * 64};`);
	};
	if (t.split === 2) {
		say("    const evenEnd: usize = w + (weightBytes & ~127);");
		say("    while (w != evenEnd) {");
		step(0);
		step(1);
		advance(2);
		say("    }");
		say("    if (w != end) {");
		step(0);
		say("    }");
	} else {
		say("    do {");
		step(0);
		advance(1);
		say("    } while (w != end);");
	}
	if (t.segmented) {
		for (const r of rows) say(`    x${r} += jump;`);
		say("    }");
	}
	for (let s = 1; s < t.split; s++)
		for (const r of rows)
			for (const v of vectors) say(`    s${r}_${v} = f32x4.add(s${r}_${v}, s${r}_${v}_${s});`);
	say("    const low = v128.load_splat<f32>(bounds), high = v128.load_splat<f32>(bounds, 4);");
	for (const r of rows) {
		say(`    { const o: usize = output + outputPitch * ${r};`);
		// The high offset first: the order in which V8's 256-bit pass pairs stores.
		for (const v of vectors.toReversed()) say(`    v128.store(o, clamp(s${r}_${v}, low, high), ${v * 16});`);
		say("    }");
	}
	say(`    input += inputPitch * ${t.rows}; output += outputPitch * ${t.rows};`);
	say("  } while (--tiles);");
	say("}");
	return lines.join("\n");
}

/** All rows of half a panel, by tiles of four and what is left over. */
function columnOfTiles(segmented: boolean): string {
	const name = (rows: number): string => tileName({ rows, columns: 8, split: 1, segmented });
	const jump = segmented ? ", jump" : "";
	const call = (rows: number, tilesText: string): string =>
		`${name(rows)}(input, inputPitch, weights, weightBytes${jump}, bias, bounds, output, outputPitch, ${tilesText});`;
	return `
export function ${segmented ? "stemColumn" : "pointwiseColumn"}(input: usize, inputPitch: usize, weights: usize, weightBytes: usize${segmented ? ", jump: usize" : ""}, bias: usize, bounds: usize, output: usize, outputPitch: usize, rows: i32): void {
  let fours = rows >> 2, rest = rows & 3;
  if (rest == 1 && fours > 0) { fours--; rest = 5; }
  if (fours > 0) {
    ${call(4, "fours")}
    input += inputPitch * (fours << 2); output += outputPitch * (fours << 2);
  }
  if (rest == 5) { ${call(5, "1")} }
  else if (rest == 3) { ${call(3, "1")} }
  else if (rest == 2) { ${call(2, "1")} }
  else if (rest == 1) { ${call(1, "1")} }
}`;
}

/** The whole generated file. */
export function pointwiseSource(): string {
	return [
		'import { clamp, fma } from "./arithmetic";',
		...tiles.map(tile),
		columnOfTiles(false),
		columnOfTiles(true),
		"",
	].join("\n");
}
