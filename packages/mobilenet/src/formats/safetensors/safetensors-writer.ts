/** The safetensors format, written: the mirror of safetensors.ts, which says where it is from. */
import { MobileNetError, shown } from "../../base/error.ts";
import { sizeOf, type Tensor } from "../../weights/tensor.ts";
import { dtypes, isCount, lengthBytes, metadataKey } from "./safetensors.ts";

/**
 * A safetensors file of these tensors, byte for byte as the reference writes it: the widest type first, then by
 * name, the header padded with spaces so that the data begins at a multiple of 8.
 *
 * @throws MobileNetError `usage` for a tensor whose data do not fit its shape
 * @example
 * await writeFile("model.safetensors", writeSafetensors(tensors, { format: "mobilenet" }))
 */
export function writeSafetensors(
	tensors: ReadonlyMap<string, Tensor>,
	metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
	const sorted = [...tensors].toSorted(
		([a, { dtype: left }], [b, { dtype: right }]) =>
			dtypes.indexOf(left) - dtypes.indexOf(right) || (a < b ? -1 : 1),
	);
	const header: [string, object][] = [];
	if (Object.keys(metadata).length > 0) header.push([metadataKey, metadata]);
	let size = 0;
	for (const [name, { dtype, shape, data }] of sorted) {
		checkWritable(name, shape, data.length);
		header.push([name, { dtype, shape, data_offsets: [size, size + data.byteLength] }]);
		size += data.byteLength;
	}
	const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
	const start = lengthBytes + Math.ceil(text.length / 8) * 8;
	const bytes = new Uint8Array(start + size).fill(0x20, lengthBytes, start);
	new DataView(bytes.buffer).setBigUint64(0, BigInt(start - lengthBytes), true);
	bytes.set(text, lengthBytes);
	let offset = start;
	for (const [, { data }] of sorted) {
		bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
		offset += data.byteLength;
	}
	return bytes;
}

function checkWritable(name: string, shape: readonly number[], length: number): void {
	if (name === metadataKey)
		throw new MobileNetError(
			"usage",
			`a tensor cannot be called ${metadataKey}: safetensors keeps that name.`,
		);
	if (!shape.every(isCount) || sizeOf(shape) !== length)
		throw new MobileNetError(
			"usage",
			`tensor ${shown(name)} of shape ${shown(shape)} must hold ${sizeOf(shape)} numbers, not ${length}.`,
		);
}
