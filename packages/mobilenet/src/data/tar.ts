/**
 * Reads the entries of a tar archive with the offsets of their contents, from front to back: USTAR, with the long names of
 * GNU and of POSIX (pax). Only regular files are reported. A header with a wrong checksum is refused, and memory is
 * allocated only for bytes that exist. Libraries give contents without their offsets, which random access needs.
 */
import { MobileNetError, shown } from "../base/error.ts";

/** A sequential source of bytes. */
export interface TarSource {
	/** What errors call the archive. */
	readonly name: string;
	/** Returns the next bytes, fewer at the end. Allocates memory only for bytes that exist. */
	readonly take: (length: number) => Promise<Uint8Array>;
	/** Skips bytes, and returns how many there were. */
	readonly skip: (length: number) => Promise<number>;
}

export interface TarEntry {
	readonly name: string;
	readonly size: number;
	/** Byte offset of the content in the archive. */
	readonly offset: number;
	/** Reads the content; to be called at most once, before the next entry. */
	readonly content: () => Promise<Uint8Array>;
}

const block = 512;
/** The most bytes of a header with a long name. */
const mostHeaderBytes = 1 << 20;
const text = new TextDecoder();

/**
 * Yields the entries of an archive.
 *
 * @param mostBytes the largest content that can be read
 * @throws MobileNetError `broken-file` if this is not an archive, or if it is damaged or truncated
 */
export async function* tarEntries(
	source: TarSource,
	mostBytes: number,
	onNote: (note: string) => void,
): AsyncGenerator<TarEntry, void, void> {
	let offset = 0;
	let longName: string | undefined;
	let longSize: number | undefined;
	for (;;) {
		const header = await source.take(block);
		if (header.length === 0) {
			if (offset === 0) throw broken(source, "is empty: expected a tar archive");
			onNote(`${source.name} has no end mark: it may be cut short between two entries.`);
			return;
		}
		if (header.length === block && header.every((byte) => byte === 0)) return;
		if (header.length < block || !isHeader(header))
			throw broken(
				source,
				offset === 0
					? "is not a tar archive, or its first entry is damaged"
					: `is damaged at byte ${offset}: expected the header of an entry`,
			);
		offset += block;
		const type = String.fromCharCode(header[156]!);
		const size = longSize ?? numberAt(header, 124, 12);
		const name = longName ?? nameOf(header);
		const length = hasContent(type) ? size : 0;
		if (!Number.isSafeInteger(offset + length))
			throw broken(source, `says that its entry ${shown(name)} has ${length} bytes, which is impossible`);
		const padded = Math.ceil(length / block) * block;
		const start = offset;
		const cut = (there: number): MobileNetError =>
			broken(
				source,
				`is cut short: its entry ${shown(name)} should have ${length} bytes from byte ${start} on, but has ${there}`,
			);
		let taken = 0;
		const content = async (): Promise<Uint8Array> => {
			if (length > mostBytes)
				throw broken(
					source,
					`has an entry ${shown(name)} of ${length} bytes, but at most ${mostBytes} are read`,
				);
			const bytes = await source.take(length);
			taken = bytes.length;
			if (taken < length) throw cut(taken);
			return bytes;
		};
		if (type === "x" || type === "L") {
			if (length > mostHeaderBytes)
				throw broken(
					source,
					`has a name of ${length} bytes at byte ${offset}, but at most ${mostHeaderBytes} are read`,
				);
			const bytes = await content();
			if (type === "L") longName = text.decode(bytes).replace(/\0.*$/s, "");
			else {
				const records = paxRecords(bytes);
				longName = records.get("path") ?? longName;
				const paxSize = records.get("size");
				if (paxSize !== undefined && /^\d{1,15}$/.test(paxSize)) longSize = Number(paxSize);
			}
		} else {
			longName = undefined;
			longSize = undefined;
			// Directories, links and devices have no content; other types are skipped together with theirs.
			if (isFile(type) && !name.endsWith("/")) yield { name, size: length, offset, content };
		}
		const skipped = await source.skip(padded - taken);
		if (taken + skipped < length) throw cut(taken + skipped);
		offset += padded;
	}
}

function isFile(type: string): boolean {
	return type === "0" || type === "\0" || type === "7";
}

function hasContent(type: string): boolean {
	return !/[1-6]/.test(type);
}

/** Whether the checksum is right: the sum of all bytes, with spaces for the checksum itself. Some programs sum signed bytes. */
function isHeader(header: Uint8Array): boolean {
	let unsigned = 0;
	let signed = 0;
	for (let i = 0; i < block; i++) {
		const byte = i >= 148 && i < 156 ? 32 : header[i]!;
		unsigned += byte;
		signed += byte > 127 ? byte - 256 : byte;
	}
	const said = numberAt(header, 148, 8);
	return said === unsigned || said === signed;
}

/** A number in octal digits, or in binary if the first bit is set. NaN if it is neither. */
function numberAt(header: Uint8Array, at: number, length: number): number {
	const field = header.subarray(at, at + length);
	if (field[0]! & 0x80) return field.reduce((sum, byte, i) => sum * 256 + (i === 0 ? byte & 0x7f : byte), 0);
	const digits = textAt(header, at, length).trim();
	return /^[0-7]*$/.test(digits) ? Number.parseInt(digits || "0", 8) : Number.NaN;
}

function nameOf(header: Uint8Array): string {
	const name = textAt(header, 0, 100);
	// GNU's own format says "ustar " and has other fields instead of the prefix.
	const prefix = textAt(header, 257, 6) === "ustar" ? textAt(header, 345, 155) : "";
	return prefix ? `${prefix}/${name}` : name;
}

function textAt(header: Uint8Array, at: number, length: number): string {
	const field = header.subarray(at, at + length);
	const end = field.indexOf(0);
	return text.decode(end < 0 ? field : field.subarray(0, end));
}

/** Records of the form `length key=value` and a line break; the length is that of the whole record in bytes. */
function paxRecords(bytes: Uint8Array): Map<string, string> {
	const records = new Map<string, string>();
	for (let at = 0; at < bytes.length; ) {
		const space = bytes.indexOf(32, at);
		const length = space < 0 ? Number.NaN : Number(text.decode(bytes.subarray(at, space)));
		if (!(Number.isInteger(length) && length > 0)) break;
		const record = text.decode(bytes.subarray(space + 1, at + length - 1));
		const equals = record.indexOf("=");
		if (equals > 0) records.set(record.slice(0, equals), record.slice(equals + 1));
		at += length;
	}
	return records;
}

function broken({ name }: TarSource, what: string): MobileNetError {
	return new MobileNetError("broken-file", `${name} ${what}.`);
}
