/**
 * Writes the AssemblyScript of the pointwise tiles: `rows` pixels × `columns` output channels in registers, one input
 * channel at a time.
 *
 * At 128 bits a tile of 4 × 8 has 8 accumulators, as many as two multiply-adds per cycle with four cycles of latency need;
 * with two weights and the splat of an input it uses 11 of V8's 15 registers. In the wide modules a tile of 6 × 16 has 12
 * accumulators, two weights and a splat of 256 bits: all 15. Tiles of fewer than four rows are bound by latency, so
 * remainders use tiles of five and four instead, if there are enough rows; a single row (the classifier, bound by memory)
 * has two sets of accumulators. Weights are read once per tile from panels of 16 columns; inputs are splatted directly
 * from the pixels. In the stem, the input channels of a pixel come in three segments, one per filter row. Bounds are
 * loaded after the loop, because in registers they would be spilled.
 */
import type { Level } from "./levels.ts";

interface Tile {
	readonly rows: number;
	/** Output channels, a multiple of 4. */
	readonly columns: number;
	/** Input channels per iteration of the loop, each with its own accumulators. */
	readonly split: 1 | 2;
	/** Whether the input channels come in segments with a jump between them. */
	readonly segmented: boolean;
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Heights of the tiles. The stem's rows have 16 pixels or more, so with tiles of six rows no remainder is small. */
function heightsOf(rows: Level["rows"], segmented: boolean): readonly number[] {
	if (rows === 6 && segmented) return [4, 5, 6];
	return range(Math.max(rows, 5)).map((i) => i + 1);
}

function tilesOf({ rows, columns }: Level): readonly Tile[] {
	const widths = columns === 16 ? [8, 16] : [8];
	return [
		...[false, true].flatMap((segmented) =>
			widths.flatMap((width) =>
				heightsOf(rows, segmented).map(
					(height) => ({ rows: height, columns: width, split: 1, segmented }) as const,
				),
			),
		),
		{ rows: 1, columns: 16, split: 2, segmented: false },
	];
}

function tileName({ rows, columns, split, segmented }: Tile): string {
	return `f32_${segmented ? "stem" : split === 2 ? "dense" : "pointwise"}__${rows}x${columns}`;
}

/** The function of one tile, which processes `tiles` tiles, one below the other. */
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
		// The high offset first: the order in which V8's 256-bit pass joins pairs of stores.
		for (const v of vectors.toReversed()) say(`    v128.store(o, clamp(s${r}_${v}, low, high), ${v * 16});`);
		say("    }");
	}
	say(`    input += inputPitch * ${t.rows}; output += outputPitch * ${t.rows};`);
	say("  } while (--tiles);");
	say("}");
	return lines.join("\n");
}

/** All rows of a column of tiles: the usual tiles, then the remainder in the tallest tiles possible. */
function columnOfTiles(level: Level, columns: number, segmented: boolean): string {
	const jump = segmented ? "jump, " : "";
	const run = (rows: number, count: string): string => {
		const name = tileName({ rows, columns, split: 1, segmented });
		return `    ${name}(input, inputPitch, weights, weightBytes, ${jump}bias, bounds, output, outputPitch, ${count});`;
	};
	const skip = (rows: number, count: string): string =>
		`    input += inputPitch * (${count} * ${rows}); output += outputPitch * (${count} * ${rows});`;
	const shares =
		level.rows === 6
			? `
  if (rest == 1 && usual >= 2) { usual -= 2; fives = 1; fours = 2; rest = 0; }
  else if (rest == 2 && usual >= 1) { usual--; fours = 2; rest = 0; }
  else if (rest == 3 && usual >= 1) { usual--; fives = 1; fours = 1; rest = 0; }
  else if (rest == 4) { fours = 1; rest = 0; }
  else if (rest == 5) { fives = 1; rest = 0; }`
			: `
  if (rest == 1 && usual >= 1) { usual--; fives = 1; rest = 0; }`;
	return `
export function ${segmented ? "stem" : "pointwise"}Column${columns}(input: usize, inputPitch: usize, weights: usize, weightBytes: usize, ${segmented ? "jump: usize, " : ""}bias: usize, bounds: usize, output: usize, outputPitch: usize, rows: i32): void {
  let usual = rows / ${level.rows}, rest = rows % ${level.rows}, fives = 0, fours = 0;${shares}
  if (usual) {
${run(level.rows, "usual")}
${skip(level.rows, "usual")}
  }
  if (fives) {
${run(5, "1")}
${skip(5, "1")}
  }
  if (fours) {
${run(4, "fours")}
${skip(4, "fours")}
  }
  switch (rest) {
${[1, 2, 3]
	.filter((rows) => heightsOf(level.rows, segmented).includes(rows))
	.map((rows) => `    case ${rows}: ${run(rows, "1").trim()} break;`)
	.join("\n")}
  }
}`;
}

/** A function that processes the columns of one tile, or the remaining eight. */
function columnChoice(level: Level, segmented: boolean): string {
	const name = segmented ? "stem" : "pointwise";
	const jump = segmented ? "jump: usize, " : "";
	const pass = `input, inputPitch, weights, weightBytes, ${segmented ? "jump, " : ""}bias, bounds, output, outputPitch, rows`;
	return `
/** Processes at most \`left\` output channels; returns how many. */
export function ${name}Columns(left: i32, input: usize, inputPitch: usize, weights: usize, weightBytes: usize, ${jump}bias: usize, bounds: usize, output: usize, outputPitch: usize, rows: i32): i32 {
${level.columns === 16 ? `  if (left > 8) { ${name}Column16(${pass}); return 16; }\n` : ""}  ${name}Column8(${pass});
  return 8;
}`;
}

/** The whole generated file. */
export function pointwiseSource(level: Level): string {
	const widths = level.columns === 16 ? [8, 16] : [8];
	return [
		'import { clamp, fma } from "./arithmetic";',
		`/** Pixels of the usual tile. */\nexport const tileRows: i32 = ${level.rows};`,
		...tilesOf(level).map(tile),
		...[false, true].flatMap((segmented) => [
			...widths.map((columns) => columnOfTiles(level, columns, segmented)),
			columnChoice(level, segmented),
		]),
		"",
	].join("\n");
}
