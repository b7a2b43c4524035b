/**
 * A TensorFlow Lite model as an array in C or C++ (`xxd -i`, TensorFlow Lite Micro, Edge Impulse): the source file is the
 * container, and the numbers between its braces are the file's bytes. Nothing else of the language is read.
 */
import { startsWith } from "../base/bytes.ts";

/** How a TensorFlow Lite file is told: these bytes at this offset. */
const identifier = { text: "TFL3", offset: 4 } as const;
/** A byte takes at least two characters: a digit and a comma. */
const leastCharacters = 2;

const [space, comma, openBrace, closeBrace, slash, star, zero, nine] = [32, 44, 123, 125, 47, 42, 48, 57];

/**
 * The bytes of the first array in a source file that holds a TensorFlow Lite model, or undefined.
 *
 * @param source the file's own bytes, a text of ASCII characters
 * @example
 * arrayInC(new TextEncoder().encode("const unsigned char model[] = {0x1c, 0, 0, 0, 0x54, 0x46, 0x4c, 0x33, …};"))
 */
export function arrayInC(source: Uint8Array): Uint8Array | undefined {
	for (let at = source.indexOf(openBrace); at >= 0; ) {
		const found = beginsAt(source, at + 1);
		if (typeof found === "object") return bytesFrom(source, at + 1);
		// Braces before that are in comments; each character is looked at once.
		at = source.indexOf(openBrace, found);
	}
	return undefined;
}

const beginning = identifier.offset + identifier.text.length;

/** The first numbers from here, where a model begins with them; else where they end. */
function beginsAt(source: Uint8Array, start: number): Uint8Array | number {
	// Most braces are of functions and other arrays; these are left after a few numbers.
	const { bytes, end } = numbersIn(source, start, new Uint8Array(beginning));
	return bytes.length === beginning && startsWith(bytes, identifier.text, identifier.offset) ? bytes : end;
}

/** The numbers from here to the closing brace; undefined where there is anything else. */
function bytesFrom(source: Uint8Array, start: number): Uint8Array | undefined {
	const most = Math.floor((source.length - start) / leastCharacters) + 1;
	const { bytes, end } = numbersIn(source, start, new Uint8Array(most));
	return source[end] === closeBrace ? bytes.slice() : undefined;
}

/** Numbers from here on, as many as there is room for, and where what follows them is. */
function numbersIn(
	source: Uint8Array,
	start: number,
	room: Uint8Array,
): { readonly bytes: Uint8Array; readonly end: number } {
	let length = 0;
	let at = start;
	while (at < source.length && length < room.length) {
		const c = source[at]!;
		if (c <= space || c === comma) at++;
		else if (c === slash) at = afterComment(source, at);
		else {
			const end = numberEnd(source, at);
			const value = end > at ? numberOf(source, at, end) : -1;
			if (value < 0) break;
			room[length++] = value;
			at = end;
		}
	}
	return { bytes: room.subarray(0, length), end: at };
}

/** Behind a comment of either kind; the source's end where it is none or does not end. */
function afterComment(source: Uint8Array, at: number): number {
	if (source[at + 1] === slash) {
		const line = source.indexOf(10, at);
		return line < 0 ? source.length : line + 1;
	}
	if (source[at + 1] !== star) return source.length;
	let end = source.indexOf(star, at + 2);
	while (end >= 0 && source[end + 1] !== slash) end = source.indexOf(star, end + 1);
	return end < 0 ? source.length : end + 2;
}

function numberEnd(source: Uint8Array, start: number): number {
	let at = start;
	while (at < source.length && at - start < 12 && isWordCharacter(source[at]!)) at++;
	return at;
}

function isWordCharacter(c: number): boolean {
	return (c >= zero && c <= nine) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 45;
}

/** A byte in decimal or hexadecimal notation, signed or not; −1 for anything else. */
function numberOf(source: Uint8Array, start: number, end: number): number {
	const text = String.fromCharCode(...source.subarray(start, end));
	const [, digits] = /^(-?\d{1,3}|0[xX][0-9a-fA-F]{1,2})[uU]?$/.exec(text) ?? [];
	const value = digits === undefined ? Number.NaN : Number(digits);
	return value >= -128 && value <= 255 ? value & 255 : -1;
}
