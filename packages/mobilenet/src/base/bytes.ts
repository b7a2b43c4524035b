/** The bytes of a file, and the check that comes before every use of them. What they mean is the business of formats. */
import { MobileNetError } from "./error.ts";

export interface BinaryFile {
	/** How errors call the file. */
	readonly name: string;
	readonly bytes: Uint8Array;
	readonly view: DataView;
}

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
			{ file: name, offset },
		);
}

/** Whether bytes hold a text of ASCII characters at an offset. */
export function startsWith(bytes: Uint8Array, text: string, offset = 0): boolean {
	for (let i = 0; i < text.length; i++) if (bytes[offset + i] !== text.charCodeAt(i)) return false;
	return true;
}
