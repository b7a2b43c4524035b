/**
 * Axes in another order: frameworks differ in where they keep channels. In each of some parts, a matrix of rows × columns
 * becomes one of columns × rows: [parts, rows, columns] → [parts, columns, rows].
 *
 * @example
 * transposed(oihw, outputs, inputs, height * width) // OIHW → OHWI
 */
export function transposed<Numbers extends Float32Array | Int8Array | Uint8Array | Int32Array | Uint16Array>(
	data: Numbers,
	parts: number,
	rows: number,
	columns: number,
): Numbers {
	const result = data.slice() as Numbers;
	for (let part = 0, to = 0; part < parts; part++)
		for (let column = 0; column < columns; column++)
			for (let row = 0; row < rows; row++, to++) result[to] = data[(part * rows + row) * columns + column]!;
	return result;
}
