/**
 * The fence around an HDF5 file. Its parts point at one another by offsets, so that a damaged file can send a reader
 * in circles, through the same part again and again, or to sizes that it does not have. Every part is therefore read
 * through `part`, which checks that its bytes are there and counts them: all parts together may take no more than
 * three times the file, and what is unpacked no more than four times. Within a part, nothing is read behind its end.
 *
 * Source of this and the other files here: The HDF Group, "HDF5 File Format Specification Version 3.0", whose sections
 * are named where they are used. Numbers are little-endian there.
 */
import { type Budget, spend } from "../../base/budget.ts";
import { type ByteReader, readBytes, readerAt, readUint8 } from "../../base/byte-reader.ts";
import { type BinaryFile, binaryFile } from "../../base/bytes.ts";
import { type ErrorCode, MobileNetError, shown } from "../../base/error.ts";

/** Times its size that a file may be read and unpacked. A sound one is read once, the texts in its headers twice. */
const most = { read: 3, unpacked: 4 } as const;
/** Unpacking of small files is not worth refusing. */
const leastUnpacked = 65_536;

export interface Hdf5File extends BinaryFile {
	/** Bytes that may still be read. */
	readonly unread: Budget;
	readonly unpackable: Budget;
}

/** A part of the file, read from front to back. */
export interface Part extends ByteReader {
	readonly file: Hdf5File;
}

/** The address of what is nowhere. */
export const nowhere = 2 ** 64;

export function hdf5File(bytes: Uint8Array, name: string): Hdf5File {
	const size = bytes.byteLength;
	return {
		...binaryFile(bytes, name),
		unread: { left: most.read * size },
		unpackable: { left: Math.max(most.unpacked * size, leastUnpacked) },
	};
}

/** The part of the file at an offset, its bytes checked and counted. */
export function part(file: Hdf5File, offset: number, length: number, what: string): Part {
	const { end } = readerAt(file, offset, length, what);
	if (!spend(file.unread, length))
		refuse(
			file,
			`its parts overlap or refer to each other in a circle, as ${what} at offset ${offset} shows; it is damaged`,
		);
	return { file, what, offset, end };
}

/** Counts bytes that are about to be unpacked. */
export function countUnpacked(file: Hdf5File, length: number, what: string): void {
	if (!spend(file.unpackable, length))
		refuse(file, `${what} would unpack to ${length} bytes, far more than the file has; it is damaged`);
}

/** The next bytes of a part as a text, which ends at the first zero. */
export function text(from: Part, length: number): string {
	const bytes = readBytes(from, length);
	const end = bytes.indexOf(0);
	return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Checks the four letters and the version that parts begin with. */
export function signature(from: Part, letters: string, version?: number): void {
	const start = from.offset;
	const found = String.fromCharCode(...readBytes(from, letters.length));
	const foundVersion = version === undefined ? undefined : readUint8(from);
	if (found !== letters || foundVersion !== version)
		refuse(
			from.file,
			`${from.what} should begin with ${shown(letters)}${version === undefined ? "" : ` and version ${version}`} at offset ${start}, but does not; it is damaged`,
		);
}

export function refuse({ name }: BinaryFile, sentence: string, code: ErrorCode = "broken-file"): never {
	throw new MobileNetError(code, `${name}: ${sentence}.`);
}

/** HDF5 has a newer way of writing everything, which Keras and h5py use only when told to. */
export function refuseNewer(file: Hdf5File, what: string): never {
	return refuse(
		file,
		`it has ${what}, of HDF5's newer format, which Keras does not write by itself and which is not read; save the model again without h5py's libver`,
		"unsupported",
	);
}
