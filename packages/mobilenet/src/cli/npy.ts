/**
 * NumPy's file format, version 1.0, as far as a float32 table needs it: magic bytes, the length of a header, the header (a
 * Python dictionary), and the numbers row after row.
 *
 * Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */

/** The start of the data is aligned to this many bytes. */
const alignment = 64;

/**
 * A table as the bytes of an .npy file of shape [rows, columns].
 *
 * @param rows each with this many columns
 * @example
 * await writeFile("vectors.npy", writeNpy(vectors, 1024)) // np.load("vectors.npy").shape == (n, 1024)
 */
export function writeNpy(rows: readonly Float32Array[], columns: number): Uint8Array {
	const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows.length}, ${columns}), }`;
	const before = 10;
	const start = Math.ceil((before + header.length + 1) / alignment) * alignment;
	const bytes = new Uint8Array(start + rows.length * columns * 4);
	const view = new DataView(bytes.buffer);
	const text = `\x93NUMPY\x01\0\0\0${header.padEnd(start - before - 1)}\n`;
	for (let i = 0; i < start; i++) bytes[i] = text.charCodeAt(i);
	view.setUint16(8, start - before, true);
	for (const [n, row] of rows.entries())
		for (let k = 0; k < columns; k++) view.setFloat32(start + (n * columns + k) * 4, row[k]!, true);
	return bytes;
}
