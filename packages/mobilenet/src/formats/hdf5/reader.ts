/**
 * The fence around an HDF5 file. Its parts point at one another by offsets, so that a damaged file can send a reader
 * in circles, through the same part again and again, or to sizes that it does not have. Every part is therefore read
 * through `part`, which checks that its bytes are there and counts them: all parts together may take no more than
 * three times the file, and what is unpacked no more than four times. Within a part, nothing is read behind its end.
 *
 * Source of this and the other hdf5-*.ts: The HDF Group, "HDF5 File Format Specification Version 3.0", whose sections
 * are named where they are used. Numbers are little-endian there.
 */
import { type ByteReader, byteReader, checkRange } from "../../base/bytes.ts";
import { type ErrorCode, MobileNetError, shown } from "../../base/error.ts";

/** Times its size that a file may be read and unpacked. A sound one is read once, the texts in its headers twice. */
const most = { read: 3, unpacked: 4 } as const;
/** Unpacking of small files is not worth refusing. */
const leastUnpacked = 65_536;

export interface Hdf5Reader extends ByteReader {
	/** Bytes that may still be read. */
	unread: number;
	/** Bytes that may still be unpacked. */
	unpackable: number;
}

/** A part of the file, read from front to back. */
export interface Part {
	readonly reader: Hdf5Reader;
	/** What it is, for errors. */
	readonly what: string;
	at: number;
	readonly end: number;
}

/** The address of what is nowhere. */
export const nowhere = 2 ** 64;

export function hdf5Reader(bytes: Uint8Array, name: string): Hdf5Reader {
	const size = bytes.byteLength;
	return {
		...byteReader(bytes, name),
		unread: most.read * size,
		unpackable: Math.max(most.unpacked * size, leastUnpacked),
	};
}

/** The part of the file at an offset, its bytes checked and counted. */
export function part(reader: Hdf5Reader, at: number, length: number, what: string): Part {
	checkRange(reader, at, length, what);
	reader.unread -= length;
	if (reader.unread < 0)
		refuse(
			reader,
			`its parts overlap or refer to each other in a circle, as ${what} at offset ${at} shows; it is damaged`,
		);
	return { reader, what, at, end: at + length };
}

/** Counts bytes that are about to be unpacked. */
export function countUnpacked(reader: Hdf5Reader, length: number, what: string): void {
	reader.unpackable -= length;
	if (!(reader.unpackable >= 0))
		refuse(reader, `${what} would unpack to ${length} bytes, far more than the file has; it is damaged`);
}

/** Moves over the next bytes of a part and gives their offset. */
export function skip(from: Part, length: number): number {
	const { at, end, reader, what } = from;
	if (!(length >= 0 && at + length <= end))
		refuse(
			reader,
			`${what} ends at offset ${end} in the middle of what it says it holds (${length} bytes at offset ${at}); it is damaged`,
		);
	from.at += length;
	return at;
}

export function uint8(from: Part): number {
	return from.reader.view.getUint8(skip(from, 1));
}

export function uint16(from: Part): number {
	return from.reader.view.getUint16(skip(from, 2), true);
}

export function uint32(from: Part): number {
	return from.reader.view.getUint32(skip(from, 4), true);
}

/** A size or an offset; from 2^53 on inexact, which is far behind the end of any file. */
export function uint64(from: Part): number {
	const at = skip(from, 8);
	return from.reader.view.getUint32(at, true) + from.reader.view.getUint32(at + 4, true) * 2 ** 32;
}

/** The next bytes of a part, as a view of the file. */
export function view(from: Part, length: number): Uint8Array {
	const at = skip(from, length);
	return from.reader.bytes.subarray(at, at + length);
}

/** The next bytes of a part as a text, which ends at the first zero. */
export function text(from: Part, length: number): string {
	const bytes = view(from, length);
	const end = bytes.indexOf(0);
	return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** A name as it can stand in an error, which is one line: without control characters, which only damage brings. */
export function oneLine(name: string): string {
	return name.replaceAll(/\p{Cc}/gu, "\ufffd");
}

/** Checks the four letters and the version that parts begin with. */
export function signature(from: Part, letters: string, version?: number): void {
	const start = from.at;
	const found = String.fromCharCode(...view(from, letters.length));
	const foundVersion = version === undefined ? undefined : uint8(from);
	if (found !== letters || foundVersion !== version)
		refuse(
			from.reader,
			`${from.what} should begin with ${shown(letters)}${version === undefined ? "" : ` and version ${version}`} at offset ${start}, but does not; it is damaged`,
		);
}

export function refuse({ name }: ByteReader, sentence: string, code: ErrorCode = "broken-file"): never {
	throw new MobileNetError(code, `${name}: ${sentence}.`);
}

/** HDF5 has a newer way of writing everything, which Keras and h5py use only when told to. */
export function refuseNewer(reader: Hdf5Reader, what: string): never {
	return refuse(
		reader,
		`it has ${what}, of HDF5's newer format, which Keras does not write by itself and which is not read; save the model again without h5py's libver`,
		"unsupported",
	);
}
