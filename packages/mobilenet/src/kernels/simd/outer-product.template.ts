/**
 * Writes the AssemblyScript of the outer-product tiles, of which gradients of weights are made: `inputs` input channels ×
 * `columns` output channels in registers, one row (a pixel) after the other.
 *
 * It is the pointwise tile with the loop turned: a row adds the product of its inputs, splatted one by one, and of the
 * output's gradient, a vector or two. Registers are shared out in the same way, and what is left over is taken by the
 * tallest tiles that can be. A tile adds to `inputs` rows of a panel of packed weights, which lie one after the other:
 * sums begin with what is there, for those that begin with zeros V8 12.4 (Node 22) does not widen.
 */
import type { Level } from "./levels.ts";

/**
 * Input channels of the next tile where 1, 2, 3 … are left; where there are more, the usual ones. Tiles of four and five
 * are as fast, lower ones wait for their sums: as few as can be are low.
 */
const heightsByRows = {
	4: [1, 2, 3, 4, 5, 3],
	6: [1, 2, 3, 4, 5, 6, 4, 4, 5, 5, 6, 6, 5],
} as const satisfies Record<Level["rows"], readonly number[]>;

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

const tileName = (inputs: number, columns: number): string => `f32_outer__${inputs}x${columns}`;

/** Whatever a tile is called with. */
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
	// The high offset first: the order in which V8's 256-bit pass pairs stores.
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
		`/** Output channels of a tile at the most. */\nexport const outerColumns: i32 = ${level.columns};`,
		`
/** Input channels of the next tile, of so many that are left. */
export function outerHeight(left: i32): i32 {
  switch (left) {
${heights.map((height, i) => `    case ${i + 1}: return ${height};`).join("\n")}
  }
  return ${level.rows};
}`,
		...tiles.map(([height, columns]) => tile(height, columns)),
		`
/** A tile of \`inputs\` input channels × \`columns\` output channels: what \`rows\` rows add to the gradient of the weights at \`to\`. */
export function outerTile(inputs: i32, columns: i32, ${parameters}): void {
  switch (inputs + columns) {
${tiles.map(([height, columns]) => `    case ${height + columns}: ${tileName(height, columns)}(${passed}); return;`).join("\n")}
  }
}`,
		"",
	].join("\n");
}
