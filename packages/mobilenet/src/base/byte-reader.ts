/**
 * Reading binary files: a `ByteReader` goes over one part of a file from front to back and never past its end. Every
 * read is checked, and the error names the file, the part and the offset. Numbers are little-endian unless "big" is
 * asked for.
 */
import { type BinaryFile, checkRange } from "./bytes.ts";
import { MobileNetError } from "./error.ts";

export interface ByteReader {
	readonly file: BinaryFile;
	/** What this part of the file is, for errors: `the superblock`. */
	readonly what: string;
	/** Where the next read begins, from the file's first byte. */
	offset: number;
	readonly end: number;
}

export type Endian = "little" | "big";

/**
 * A reader of the part of a file that has `length` bytes from `offset` on.
 *
 * @throws MobileNetError `broken-file` where the file does not have them
 * @example
 * const header = readerAt(binaryFile(bytes, "model.bin"), 0, 12, "the header");
 * const [version, size] = [readUint32(header), readUint64(header)];
 */
export function readerAt(file: BinaryFile, offset: number, length: number, what: string): ByteReader {
	checkRange(file, offset, length, what);
	return { file, what, offset, end: offset + length };
}

/** Moves over the next bytes and gives their offset. */
export function skip(reader: ByteReader, length: number): number {
	const { offset, end, file, what } = reader;
	if (!(length >= 0 && offset + length <= end))
		throw new MobileNetError(
			"broken-file",
			`${file.name}: ${what} ends at offset ${end} in the middle of what it says it holds (${length} bytes at offset ${offset}); it is damaged.`,
			{ file: file.name, offset },
		);
	reader.offset += length;
	return offset;
}

/** The next bytes, as a view of the file. */
export function readBytes(reader: ByteReader, length: number): Uint8Array {
	const offset = skip(reader, length);
	return reader.file.bytes.subarray(offset, offset + length);
}

export function readUint8(reader: ByteReader): number {
	return reader.file.view.getUint8(skip(reader, 1));
}

export function readUint16(reader: ByteReader, endian?: Endian): number {
	return reader.file.view.getUint16(skip(reader, 2), endian !== "big");
}

export function readUint32(reader: ByteReader, endian?: Endian): number {
	return reader.file.view.getUint32(skip(reader, 4), endian !== "big");
}

export function readInt32(reader: ByteReader, endian?: Endian): number {
	return reader.file.view.getInt32(skip(reader, 4), endian !== "big");
}

/** A size or an offset; from 2⁵³ on inexact, which is far behind the end of any file. */
export function readUint64(reader: ByteReader, endian?: Endian): number {
	return uint64At(reader.file.view, skip(reader, 8), endian);
}

/** Beyond ±2⁵³ inexact. */
export function readInt64(reader: ByteReader, endian?: Endian): number {
	return int64At(reader.file.view, skip(reader, 8), endian);
}

export function readFloat32(reader: ByteReader, endian?: Endian): number {
	return reader.file.view.getFloat32(skip(reader, 4), endian !== "big");
}

export function readFloat64(reader: ByteReader, endian?: Endian): number {
	return reader.file.view.getFloat64(skip(reader, 8), endian !== "big");
}

/** An unsigned number of 64 bits in bytes that were checked; without a BigInt, of which a file could make millions. */
export function uint64At(view: DataView, offset: number, endian?: Endian): number {
	const [low, high] = endian === "big" ? [offset + 4, offset] : [offset, offset + 4];
	const little = endian !== "big";
	return view.getUint32(high, little) * 2 ** 32 + view.getUint32(low, little);
}

export function int64At(view: DataView, offset: number, endian?: Endian): number {
	const [low, high] = endian === "big" ? [offset + 4, offset] : [offset, offset + 4];
	const little = endian !== "big";
	return view.getInt32(high, little) * 2 ** 32 + view.getUint32(low, little);
}
