/**
 * Binary files, read and written. A `ByteReader` goes over one part of a file from front to back and never past its end:
 * every read is checked, and the error names the file, the part and the offset. A `ByteWriter` is its mirror: bytes that
 * grow, in which a length can be written once it is known. Numbers are little-endian unless "big" is asked for. What the
 * bytes mean is the business of formats.
 */
import { MobileNetError } from "./error.ts";

export interface BinaryFile {
	/** How errors call the file. */
	readonly name: string;
	readonly bytes: Uint8Array;
	readonly view: DataView;
}

export interface ByteReader {
	readonly file: BinaryFile;
	/** What this part of the file is, for errors: `the superblock`. */
	readonly what: string;
	/** Where the next read begins, from the file's first byte. */
	offset: number;
	readonly end: number;
}

export type Endian = "little" | "big";

export function binaryFile(bytes: Uint8Array, name: string): BinaryFile {
	return { name, bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** Fails unless `length` bytes are there from `offset` on; `what` says what they should be. */
export function checkRange({ name, bytes }: BinaryFile, offset: number, length: number, what: string): void {
	const size = bytes.byteLength;
	if (!(offset >= 0 && length >= 0 && offset + length <= size))
		throw new MobileNetError(
			"broken-file",
			`${name}: ${what} should take ${length} bytes at offset ${offset}, but the file has ${size} bytes; it is cut short or damaged.`,
		);
}

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
