/**
 * The one bounds-checked reader of binary files: a little-endian cursor over bytes whose errors name the file and
 * the offset where bytes are missing. Every format builds on this reader or on its checks.
 */
import { MobileNetError } from "./error.ts";

export interface ByteReader {
	/** What errors call the file. */
	readonly name: string;
	readonly bytes: Uint8Array;
	readonly view: DataView;
	offset: number;
}

export function byteReader(bytes: Uint8Array, name: string): ByteReader {
	return { name, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
}

/** Throws unless the file has `length` bytes at `offset`; `what` says in the error what they should hold. */
export function checkRange(reader: ByteReader, offset: number, length: number, what: string): void {
	const size = reader.bytes.byteLength;
	if (!(offset >= 0 && length >= 0 && offset + length <= size))
		throw new MobileNetError(
			"broken-file",
			`${reader.name}: ${what} should take ${length} bytes at offset ${offset}, but the file has ${size} bytes; it is cut short or damaged.`,
		);
}

/** The next `length` bytes, as a view rather than a copy. */
export function readBytes(reader: ByteReader, length: number, what: string): Uint8Array {
	checkRange(reader, reader.offset, length, what);
	const bytes = reader.bytes.subarray(reader.offset, reader.offset + length);
	reader.offset += length;
	return bytes;
}

/** The next unsigned 64-bit integer, rounded to a number: callers must refuse what is above 2^53. */
export function readUint64(reader: ByteReader, what: string): number {
	checkRange(reader, reader.offset, 8, what);
	const value = Number(reader.view.getBigUint64(reader.offset, true));
	reader.offset += 8;
	return value;
}
