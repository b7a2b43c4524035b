/**
 * The reading side of zip, as far as model files need it: the list of files, each a view until it is unpacked, and
 * unpacking within a bound. An archive may have been appended to another file. fflate inflates; the list is read
 * here, where every offset is checked. PyTorch closes every archive with zip64's records, small ones too: these are read,
 * and files of more than 4 GiB, for which they were made, are not. Encryption and several disks are not read either.
 *
 * Source: PKWARE's APPNOTE.TXT, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 and 4.3.15 (zip64's
 * end and its locator), 4.3.16 (the end).
 */
import { Inflate } from "fflate";
import { type Budget, spend } from "../base/budget.ts";
import { readBytes, readerAt, readUint16, readUint32, skip } from "../base/byte-reader.ts";
import { type BinaryFile, binaryFile, checkRange } from "../base/bytes.ts";
import { MobileNetError, messageOf, shown } from "../base/error.ts";

export interface ZipEntry {
	/** Path in the archive. */
	readonly path: string;
	/** Bytes once unpacked, as the archive says. */
	readonly size: number;
	/** How errors call the archive. */
	readonly archive: string;
	readonly method: number;
	/** As packed, a view of the archive. */
	readonly packed: Uint8Array;
}

const signatures = {
	...{ local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 },
	...{ end64: 0x06064b50, locator: 0x07064b50 },
} as const;
const lengths = { local: 30, central: 46, end: 22, end64: 56, locator: 20, comment: 65_535 } as const;
const methods = { stored: 0, deflated: 8 } as const;
/** No model has so many files. */
const mostEntries = 10_000;
/** Packed bytes that are inflated at once: deflate makes at most a thousand times as many of them. */
const inflatedAtOnce = 1024;

/**
 * The files of a zip archive, or undefined where the bytes do not end with one.
 *
 * @param name how errors call the archive
 * @throws MobileNetError `broken-file`, or `unsupported` for encryption, zip64 and several disks
 */
export function zipEntries(bytes: Uint8Array, name: string): readonly ZipEntry[] | undefined {
	const file = binaryFile(bytes, name);
	const end = endOfDirectory(file);
	if (end === undefined) return undefined;
	const summary = readerAt(file, end, lengths.end, "the end of the zip archive");
	skip(summary, 8);
	const [here, count] = [readUint16(summary), readUint16(summary)];
	const [size, stated] = [readUint32(summary), readUint32(summary)];
	if (here !== count || count === 0xffff || stated === 0xffffffff)
		throw unsupported(name, "it is of several disks or in zip64");
	if (count > mostEntries) throw unsupported(name, `it has ${count} files`);
	const start = endOfEntries(file, end) - size;
	// Offsets count from the archive's own beginning, or, where it was appended with care, from the file's.
	const base = start - stated;
	checkRange(file, start, size, "the zip archive's directory");
	const entries: ZipEntry[] = [];
	for (let at = start, i = 0; i < count; i++) {
		const what = `file ${i + 1} of ${count} in the zip archive's directory`;
		const fields = readerAt(file, at, lengths.central, what);
		if (readUint32(fields) !== signatures.central)
			throw broken(name, at, "an entry of the zip archive's directory");
		skip(fields, 4);
		const [flags, method] = [readUint16(fields), readUint16(fields)];
		skip(fields, 8);
		const [packed, unpacked] = [readUint32(fields), readUint32(fields)];
		const [pathLength, extra, comment] = [readUint16(fields), readUint16(fields), readUint16(fields)];
		skip(fields, 8);
		const local = base + readUint32(fields);
		const after = readerAt(file, fields.end, pathLength, "the path of a file in the zip archive");
		const path = new TextDecoder().decode(readBytes(after, pathLength));
		if (flags & 1) throw unsupported(name, `its file ${shown(path)} is encrypted`);
		entries.push({
			path,
			size: unpacked,
			archive: name,
			method,
			packed: packedAt(file, local, packed, path),
		});
		at = after.end + extra + comment;
	}
	return entries;
}

/**
 * A file of an archive, unpacked.
 *
 * @param budget bytes that may still be unpacked
 * @throws MobileNetError `broken-file` where it is damaged or longer than allowed
 */
export function unzip({ path, archive, method, packed, size }: ZipEntry, budget: Budget): Uint8Array {
	const what = `the file ${shown(path)} in the zip archive`;
	if (method === methods.stored && packed.byteLength === size) return packed;
	const { left } = budget;
	if (!spend(budget, size))
		throw new MobileNetError(
			"broken-file",
			`${archive}: ${what} should take ${size} bytes, more than the ${left} that are allowed.`,
		);
	if (method !== methods.stored && method !== methods.deflated)
		throw unsupported(
			archive,
			`its file ${shown(path)} is packed by method ${method}, not stored or deflated`,
		);
	const bytes = new Uint8Array(size);
	let length = method === methods.stored ? packed.byteLength : 0;
	if (method === methods.deflated)
		try {
			const inflate = new Inflate((chunk) => {
				if (length + chunk.length > size) throw new Error("more bytes come out than it says");
				bytes.set(chunk, length);
				length += chunk.length;
			});
			for (let at = 0; at < packed.length || at === 0; at += inflatedAtOnce)
				inflate.push(packed.subarray(at, at + inflatedAtOnce), at + inflatedAtOnce >= packed.length);
		} catch (error) {
			throw new MobileNetError("broken-file", `${archive}: ${what} is damaged: ${messageOf(error)}.`, {
				cause: error,
			});
		}
	if (length !== size)
		throw new MobileNetError(
			"broken-file",
			`${archive}: ${what} should take ${size} bytes, but ${length} came out; it is damaged.`,
		);
	return bytes;
}

/** The archive's last record, which must reach to the last byte; a signature elsewhere is chance. */
function endOfDirectory({ bytes, view }: BinaryFile): number | undefined {
	const last = bytes.byteLength - lengths.end;
	for (let at = last; at >= Math.max(0, last - lengths.comment); at--)
		if (view.getUint32(at, true) === signatures.end && view.getUint16(at + 20, true) === last - at) return at;
	return undefined;
}

/** Where the directory's entries end: at its end record, or at zip64's, which stands before it with its locator. */
function endOfEntries({ view }: BinaryFile, end: number): number {
	const locator = end - lengths.locator;
	const end64 = locator - lengths.end64;
	const isZip64 =
		end64 >= 0 &&
		view.getUint32(locator, true) === signatures.locator &&
		view.getUint32(end64, true) === signatures.end64;
	return isZip64 ? end64 : end;
}

function packedAt(file: BinaryFile, at: number, size: number, path: string): Uint8Array {
	const what = `the file ${shown(path)} in the zip archive`;
	const fields = readerAt(file, at, lengths.local, what);
	if (readUint32(fields) !== signatures.local) throw broken(file.name, at, what);
	skip(fields, 22);
	const start = fields.end + readUint16(fields) + readUint16(fields);
	return readBytes(readerAt(file, start, size, what), size);
}

function broken(name: string, offset: number, what: string): MobileNetError {
	return new MobileNetError(
		"broken-file",
		`${name}: ${what} should begin at offset ${offset} with its signature, but does not; it is damaged.`,
	);
}

function unsupported(name: string, what: string): MobileNetError {
	return new MobileNetError("unsupported", `${name}: the zip archive in it cannot be read: ${what}.`);
}
