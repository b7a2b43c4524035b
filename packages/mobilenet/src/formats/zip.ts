/**
 * The reading side of zip, as far as model files need it: the list of files, each a view until it is unpacked, and
 * unpacking within a bound. An archive may have been appended to another file. fflate inflates; the list is read
 * here, where every offset is checked. Encryption, several disks and zip64 are not read.
 *
 * Source: PKWARE's APPNOTE.TXT, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.16 (its end).
 */
import { Inflate } from "fflate";
import { type ByteReader, byteReader, checkRange } from "../base/bytes.ts";
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

const signatures = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 } as const;
const lengths = { local: 30, central: 46, end: 22, comment: 65_535 } as const;
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
	const reader = byteReader(bytes, name);
	const end = endOfDirectory(reader);
	if (end === undefined) return undefined;
	const { view } = reader;
	const count = view.getUint16(end + 10, true);
	const size = view.getUint32(end + 12, true);
	const stated = view.getUint32(end + 16, true);
	if (view.getUint16(end + 8, true) !== count || count === 0xffff || stated === 0xffffffff)
		throw unsupported(name, "it is of several disks or in zip64");
	if (count > mostEntries) throw unsupported(name, `it has ${count} files`);
	const start = end - size;
	// Offsets count from the archive's own beginning, or, where it was appended with care, from the file's.
	const base = start - stated;
	checkRange(reader, start, size, "the zip archive's directory");
	const entries: ZipEntry[] = [];
	for (let at = start, i = 0; i < count; i++) {
		checkRange(reader, at, lengths.central, `file ${i + 1} of ${count} in the zip archive's directory`);
		if (view.getUint32(at, true) !== signatures.central)
			throw broken(name, at, "an entry of the zip archive's directory");
		const [pathLength, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true)) as [
			number,
			number,
			number,
		];
		checkRange(reader, at + lengths.central, pathLength, "the path of a file in the zip archive");
		const path = new TextDecoder().decode(
			bytes.subarray(at + lengths.central, at + lengths.central + pathLength),
		);
		if (view.getUint16(at + 8, true) & 1) throw unsupported(name, `its file ${shown(path)} is encrypted`);
		const packedSize = view.getUint32(at + 20, true);
		entries.push({
			path,
			size: view.getUint32(at + 24, true),
			archive: name,
			method: view.getUint16(at + 10, true),
			packed: packedAt(reader, base + view.getUint32(at + 42, true), packedSize, path),
		});
		at += lengths.central + pathLength + extra + comment;
	}
	return entries;
}

/**
 * A file of an archive, unpacked.
 *
 * @param most bytes that it may have
 * @throws MobileNetError `broken-file` where it is damaged or longer than allowed
 */
export function unzip({ path, archive, method, packed, size }: ZipEntry, most: number): Uint8Array {
	const what = `the file ${shown(path)} in the zip archive`;
	if (size > most)
		throw new MobileNetError(
			"broken-file",
			`${archive}: ${what} should take ${size} bytes, more than the ${most} that are allowed.`,
		);
	if (method === methods.stored && packed.byteLength === size) return packed;
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

/** The archive's last model, which must reach to the last byte; a signature elsewhere is chance. */
function endOfDirectory({ bytes, view }: ByteReader): number | undefined {
	const last = bytes.byteLength - lengths.end;
	for (let at = last; at >= Math.max(0, last - lengths.comment); at--)
		if (view.getUint32(at, true) === signatures.end && view.getUint16(at + 20, true) === last - at) return at;
	return undefined;
}

function packedAt(reader: ByteReader, at: number, size: number, path: string): Uint8Array {
	const { name, view, bytes } = reader;
	const what = `the file ${shown(path)} in the zip archive`;
	checkRange(reader, at, lengths.local, what);
	if (view.getUint32(at, true) !== signatures.local) throw broken(name, at, what);
	const start = at + lengths.local + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
	checkRange(reader, start, size, what);
	return bytes.subarray(start, start + size);
}

function broken(name: string, offset: number, what: string): MobileNetError {
	return new MobileNetError(
		"broken-file",
		`${name}: ${what} should begin at offset ${offset} with its signature, but does not; it is damaged.`,
	);
}

function unsupported(name: string, what: string): MobileNetError {
	return new MobileNetError("unsupported", `the zip archive in ${name} cannot be read: ${what}.`);
}
