/**
 * Writes the AssemblyScript of the outer-product tiles, which make the gradients of weights: `inputs` input channels ×
 * `columns` output channels in registers, one row (a pixel) at a time.
 *
 * It is the pointwise tile with the loops exchanged: each row adds the products of its inputs, splatted one by one, and
 * one or two vectors of the output's gradient. Registers are divided in the same way, and remainders use the tallest
 * tiles possible. A tile adds to `inputs` consecutive rows of a panel of packed weights. Sums start from what is in
 * memory, because V8 12.4 (Node 22) does not widen sums that start from zero.
 */
import type { Level } from "./levels.ts";

/**
 * Input channels of the next tile if 1, 2, 3 … are left; if more are left, the usual number. Tiles of four and five are
 * as fast as the usual ones; smaller ones are bound by latency, so there are as few of them as possible.
 */
const heightsByRows = {
	4: [1, 2, 3, 4, 5, 3],
	6: [1, 2, 3, 4, 5, 6, 4, 4, 5, 5, 6, 6, 5],
} as const satisfies Record<Level["rows"], readonly number[]>;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

const tileName = (inputs: number, columns: number): string => `f32_outer__${inputs}x${columns}`;

/** The parameters of every tile. */
const parameters =
	"input: usize, inputBytes: usize, gradient: usize, gradientBytes: usize, rows: i32, to: usize";
const passed = "input, inputBytes, gradient, gradientBytes, rows, to";

function tile(inputs: number, columns: number): string {
	const vectors = range(columns / 4);
	const channels = range(inputs);
	const lines: string[] = [];
	const say = (text: string): void => void lines.push(text);
	say(`function ${tileName(inputs, columns)}(${parameters}): void {`);
	say("  const end: usize = gradient + gradientBytes * rows;");
	for (const c of channels)
		for (const v of vectors) say(`  let s${c}_${v} = v128.load(to, ${c * 64 + v * 16});`);
	say("  do {");
	for (const v of vectors) say(`    const g${v} = v128.load(gradient, ${v * 16});`);
	for (const c of channels) {
		say(`    const i${c} = v128.load_splat<f32>(input, ${c * 4});`);
		for (const v of vectors) say(`    s${c}_${v} = fma(i${c}, g${v}, s${c}_${v});`);
	}
	say("    input += inputBytes; gradient += gradientBytes;");
	say("  } while (gradient != end);");
	// The high offset first: the order in which V8's 256-bit pass joins pairs of stores.
	for (const c of channels)
		for (const v of vectors.toReversed()) say(`  v128.store(to, s${c}_${v}, ${c * 64 + v * 16});`);
	say("}");
	return lines.join("\n");
}

/** The whole generated file. */
export function outerProductSource(level: Level): string {
	const heights = heightsByRows[level.rows];
	const inputs = range(Math.max(...heights)).map((i) => i + 1);
	const widths = level.columns === 16 ? [8, 16] : [8];
	const tiles = widths.flatMap((columns) => inputs.map((height) => [height, columns] as const));
	return [
		'import { fma } from "./arithmetic";',
		`/** The most output channels of a tile. */\nexport const outerColumns: i32 = ${level.columns};`,
		`
/** Input channels of the next tile, given how many are left. */
export function outerHeight(left: i32): i32 {
  switch (left) {
${heights.map((height, i) => `    case ${i + 1}: return ${height};`).join("\n")}
  }
  return ${level.rows};
}`,
		...tiles.map(([height, columns]) => tile(height, columns)),
		`
/** A tile of \`inputs\` input channels × \`columns\` output channels: adds what \`rows\` rows contribute to the weight gradient at \`to\`. */
export function outerTile(inputs: i32, columns: i32, ${parameters}): void {
  switch (inputs + columns) {
${tiles.map(([height, columns]) => `    case ${height + columns}: ${tileName(height, columns)}(${passed}); return;`).join("\n")}
  }
}`,
		"",
	].join("\n");
}
