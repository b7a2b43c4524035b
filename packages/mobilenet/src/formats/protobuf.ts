/**
 * Protocol Buffers without a schema: messages are fields by number. A reader goes over the fields of one message, within
 * its bytes and no further; a message in it is another reader, and nothing is copied. A writer puts field after field,
 * and the length of a message before it once that is known. What the fields mean is the business of each format.
 *
 * Source: https://protobuf.dev/programming-guides/encoding/
 */
import { type ByteReader, readBytes, readUint8, skip } from "../base/byte-reader.ts";
import {
	type ByteWriter,
	byteWriter,
	reserve,
	writeBytes,
	writeUint8,
	written,
} from "../base/byte-writer.ts";
import { MobileNetError } from "../base/error.ts";

/** How a field's value lies in the file. */
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
/** A number of 64 bits takes up to ten bytes of seven bits, the first seven of which a float holds exactly. */
const varintBytes = { low: 7, all: 10 } as const;
const largestField = 2 ** 29 - 1;

/** One for all texts: a file has tens of thousands. */
const decoder = new TextDecoder();

export interface Field {
	readonly number: number;
	/** A whole number; or bytes, which are a message, a text, packed numbers, or one number of four or eight bytes. */
	readonly value: number | ByteReader;
}

/**
 * The fields of a message, in the order in which they lie; one that is repeated comes as often.
 *
 * @throws MobileNetError `broken-file` where the message ends within a field, or holds what no message does
 * @example
 * const file = binaryFile(bytes, "model.onnx");
 * for (const { number, value } of fieldsOf(readerAt(file, 0, bytes.length, "the model")))
 *   if (number === 7 && typeof value !== "number") readGraph(fieldsOf(value));
 */
export function* fieldsOf(message: ByteReader): Generator<Field> {
	while (message.offset < message.end) {
		const start = message.offset;
		const tag = readVarint(message);
		const number = Math.floor(tag / 8);
		if (number < 1 || number > largestField) refuse(message, start, `has the field ${number}`);
		const type = tag % 8;
		if (type === wire.varint) yield { number, value: readVarint(message) };
		else if (type === wire.bytes) yield { number, value: nested(message, readVarint(message)) };
		else if (type === wire.fixed32) yield { number, value: nested(message, 4) };
		else if (type === wire.fixed64) yield { number, value: nested(message, 8) };
		else refuse(message, start, `has a field of the wire type ${type}`);
	}
}

/** The text that a field holds. */
export function text(value: ByteReader): string {
	return decoder.decode(readBytes(value, value.end - value.offset));
}

/** Numbers of a repeated field that lie one after the other; a list of them may take eight times their bytes. */
export function* packedVarints(value: ByteReader): Generator<number> {
	while (value.offset < value.end) yield readVarint(value);
}

/** A whole number of 64 bits with a sign; beyond ±2⁵³ it is inexact. Seven bits a byte, the lowest first. */
function readVarint(reader: ByteReader): number {
	const start = reader.offset;
	let [low, high] = [0, 0];
	for (let i = 0; i < varintBytes.all; i++) {
		const byte = readUint8(reader);
		// The highest bit says that more bytes follow.
		const bits = byte & 127;
		if (i < varintBytes.low) low += bits * 128 ** i;
		else high += bits * 128 ** (i - varintBytes.low);
		if (byte >= 128) continue;
		// Of the last byte one bit belongs to the 64: the sign.
		if (high >= 2 ** 15) break;
		return low + (high >= 2 ** 14 ? high - 2 ** 15 : high) * 2 ** 49;
	}
	return refuse(reader, start, "has a number of more than 64 bits");
}

/** The next bytes, to be read as a message, a text or numbers. */
function nested(message: ByteReader, length: number): ByteReader {
	const offset = skip(message, length);
	return { file: message.file, what: message.what, offset, end: offset + length };
}

function refuse({ file, what }: ByteReader, offset: number, sentence: string): never {
	throw new MobileNetError(
		"broken-file",
		`${file.name}: ${what} ${sentence} at offset ${offset}, which no message of Protocol Buffers has; it is damaged or of another format.`,
	);
}

/** A message that is written. */
export interface MessageWriter {
	/** A whole number up to ±2⁵³. */
	readonly integer: (field: number, value: number) => void;
	readonly text: (field: number, value: string) => void;
	readonly bytes: (field: number, value: Uint8Array) => void;
	readonly float32: (field: number, value: number) => void;
	/** The numbers of a repeated field, one after the other. */
	readonly packed: (field: number, values: readonly number[]) => void;
	/** A message in the message. */
	readonly message: (field: number, write: (inner: MessageWriter) => void) => void;
}

/**
 * The bytes of a message.
 *
 * @param capacity about how many bytes it will have
 * @example
 * message(({ integer, text }) => {
 *   integer(1, 8);
 *   text(2, "mobilenet");
 * })
 */
export function message(write: (inner: MessageWriter) => void, capacity = 1024): Uint8Array<ArrayBuffer> {
	const writer = byteWriter(capacity);
	write(messageWriter(writer));
	return written(writer);
}

function messageWriter(writer: ByteWriter): MessageWriter {
	const tag = (field: number, type: number): void => writeVarint(writer, field * 8 + type);
	const inner: MessageWriter = {
		integer: (field, value) => {
			tag(field, wire.varint);
			writeVarint(writer, value);
		},
		text: (field, value) => inner.bytes(field, new TextEncoder().encode(value)),
		bytes: (field, value) => {
			tag(field, wire.bytes);
			writeVarint(writer, value.length);
			writeBytes(writer, value);
		},
		float32: (field, value) => {
			tag(field, wire.fixed32);
			const offset = reserve(writer, 4);
			writer.view.setFloat32(offset, value, true);
		},
		packed: (field, values) => {
			tag(field, wire.bytes);
			measured(writer, () => {
				for (const value of values) writeVarint(writer, value);
			});
		},
		message: (field, write) => {
			tag(field, wire.bytes);
			measured(writer, () => write(inner));
		},
	};
	return inner;
}

/** Writes something with its length before it. */
function measured(writer: ByteWriter, write: () => void): void {
	// Most lengths take one byte; where one takes more, what was written moves up.
	const start = reserve(writer, 1) + 1;
	write();
	const end = writer.length;
	const digits = varint(end - start);
	reserve(writer, digits.length - 1);
	writer.bytes.copyWithin(start + digits.length - 1, start, end);
	writer.bytes.set(digits, start - 1);
}

function writeVarint(writer: ByteWriter, value: number): void {
	for (const digit of varint(value)) writeUint8(writer, digit);
}

/** Negative numbers are of 64 bits, which is ten bytes. */
function varint(value: number): number[] {
	if (value < 0) return varintOf64(BigInt.asUintN(64, BigInt(value)));
	const digits: number[] = [];
	let rest = value;
	for (; rest >= 128; rest = Math.floor(rest / 128)) digits.push((rest % 128) | 128);
	digits.push(rest);
	return digits;
}

function varintOf64(value: bigint): number[] {
	const digits: number[] = [];
	let rest = value;
	for (; rest >= 128n; rest >>= 7n) digits.push(Number(rest & 127n) | 128);
	digits.push(Number(rest));
	return digits;
}
