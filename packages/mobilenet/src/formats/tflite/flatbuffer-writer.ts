/** A flatbuffer without generated code: tables are lists of fields by number, written with the format's own library. */
import { Builder } from "flatbuffers";

/** Where an object lies that was written already. */
export type Offset = number;
/** `number` is the field's place in its table; the value is an offset of another object, or a scalar. */
export type Field = readonly [number: number, type: "offset" | "int8" | "int32" | "float32", value: number];

export interface FlatbufferWriter {
	readonly table: (...fields: readonly Field[]) => Offset;
	readonly offsets: (list: readonly Offset[]) => Offset;
	readonly integers: (list: readonly number[]) => Offset;
	/** Whole numbers of 64 bits. */
	readonly longs: (list: readonly number[]) => Offset;
	readonly floats: (list: readonly number[]) => Offset;
	readonly text: (text: string) => Offset;
	readonly bytes: (bytes: Uint8Array, alignment: number) => Offset;
	/** The whole file. */
	readonly finish: (root: Offset, identifier: string) => Uint8Array;
}

export function flatbufferWriter(): FlatbufferWriter {
	const builder = new Builder(1 << 20);
	// Flatbuffers grow from their end to their beginning, so that lists are written backwards.
	const vector = (list: readonly number[], add: (value: number) => void, size = 4): Offset => {
		builder.startVector(size, list.length, size);
		for (const value of list.toReversed()) add(value);
		return builder.endVector();
	};
	return {
		table: (...fields) => {
			builder.startObject(Math.max(-1, ...fields.map(([number]) => number)) + 1);
			for (const [number, type, value] of fields) {
				if (type === "offset") builder.addFieldOffset(number, value, 0);
				else if (type === "int8") builder.addFieldInt8(number, value, 0);
				else if (type === "int32") builder.addFieldInt32(number, value, 0);
				else builder.addFieldFloat32(number, value, 0);
			}
			return builder.endObject();
		},
		offsets: (list) => vector(list, (offset) => builder.addOffset(offset)),
		integers: (list) => vector(list, (value) => builder.addInt32(value)),
		longs: (list) => vector(list, (value) => builder.addInt64(BigInt(value)), 8),
		floats: (list) => vector(list, (value) => builder.addFloat32(value)),
		text: (text) => builder.createString(text),
		bytes: (bytes, alignment) => {
			builder.prep(alignment, bytes.length);
			return builder.createByteVector(bytes);
		},
		finish: (root, identifier) => {
			builder.finish(root, identifier);
			return builder.asUint8Array();
		},
	};
}
