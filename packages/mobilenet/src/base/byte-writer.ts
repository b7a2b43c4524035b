/**
 * Writing binary files: a `ByteWriter` is bytes that grow, in which a length can be written once it is known. Numbers
 * are little-endian.
 */

/** Bytes that grow. What is written already can be changed through `view`, which is another one after each growth. */
export interface ByteWriter {
	/** With room for more at the end. */
	bytes: Uint8Array<ArrayBuffer>;
	view: DataView<ArrayBuffer>;
	/** How many are written. */
	length: number;
}

/**
 * @param capacity bytes that there is room for at first
 * @example
 * const writer = byteWriter();
 * const length = reserve(writer, 4);
 * writeBytes(writer, content);
 * writer.view.setUint32(length, content.length, true);
 * await writeFile("file.bin", written(writer));
 */
export function byteWriter(capacity = 1024): ByteWriter {
	const bytes = new Uint8Array(capacity);
	return { bytes, view: new DataView(bytes.buffer), length: 0 };
}

/** Everything that was written, as a view of the writer's memory. */
export function written({ bytes, length }: ByteWriter): Uint8Array<ArrayBuffer> {
	return bytes.subarray(0, length);
}

/** Leaves room for bytes that are written later, zeros until then, and gives their offset. */
export function reserve(writer: ByteWriter, length: number): number {
	const offset = writer.length;
	const needed = offset + length;
	if (needed > writer.bytes.length) {
		const bytes = new Uint8Array(Math.max(needed, 2 * writer.bytes.length));
		bytes.set(written(writer));
		writer.bytes = bytes;
		writer.view = new DataView(bytes.buffer);
	}
	writer.length = needed;
	return offset;
}

export function writeBytes(writer: ByteWriter, bytes: Uint8Array): void {
	// Room first: it may be in other memory then.
	const offset = reserve(writer, bytes.length);
	writer.bytes.set(bytes, offset);
}

export function writeUint8(writer: ByteWriter, value: number): void {
	const offset = reserve(writer, 1);
	writer.view.setUint8(offset, value);
}

/** A whole number up to 2⁵³. */
export function writeUint64(writer: ByteWriter, value: number): void {
	const offset = reserve(writer, 8);
	writer.view.setBigUint64(offset, BigInt(value), true);
}
