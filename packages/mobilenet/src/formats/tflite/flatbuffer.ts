/**
 * FlatBuffers behind a fence. The format's own library trusts a file: here every offset and count is checked against
 * the file before it is followed, and everything read is charged to an allowance of a few times the file's size,
 * because in a damaged file a million tables can be one and the same. Fields are named by their number in the schema.
 * Nothing of any one schema is here.
 *
 * Source: https://flatbuffers.dev/internals/ (offsets, tables and their vtables, vectors, strings).
 */
import { type Budget, spend } from "../../base/budget.ts";
import { int64At, uint64At } from "../../base/byte-reader.ts";
import { type BinaryFile, binaryFile, checkRange } from "../../base/bytes.ts";
import { MobileNetError, shown } from "../../base/error.ts";

export interface Flatbuffer extends BinaryFile {
	/** Bytes of memory that reading may still take. */
	readonly allowance: Budget;
}

/** A table, by the offset of its first byte; its vtable has been checked. */
export interface Table {
	readonly flatbuffer: Flatbuffer;
	readonly offset: number;
}

/** Memory for reading: so many times the file's size, and a little for files of a few bytes. */
const allowanceFactor = 3;
const leastAllowance = 65_536;
/** About what a table costs once it is an object, with what its reader keeps beside it. */
const tableCost = 128;
const numberCost = 8;

/**
 * The root table of a flatbuffer.
 *
 * @param name how errors call the file
 * @param identifier the four characters that follow the root's offset, where the format has some
 * @throws MobileNetError `broken-file`
 */
export function rootTable(bytes: Uint8Array, name: string, identifier: string | undefined): Table {
	const file = binaryFile(bytes, name);
	checkRange(file, 0, 8, "the beginning of a flatbuffer");
	const found = String.fromCharCode(...bytes.subarray(4, 8));
	if (identifier !== undefined && found !== identifier)
		throw new MobileNetError(
			"broken-file",
			`${name}: the characters ${identifier} should stand at offset 4, but there is ${shown(found)}; it is damaged or of another format.`,
		);
	const allowance = { left: leastAllowance + allowanceFactor * bytes.byteLength };
	const flatbuffer: Flatbuffer = { ...file, allowance };
	return tableAt(flatbuffer, target(flatbuffer, 0));
}

/** Charges what is about to be allocated; a file that wants more than its size could explain is damaged. */
export function charge(flatbuffer: Flatbuffer, bytes: number): void {
	if (!spend(flatbuffer.allowance, bytes))
		throw new MobileNetError(
			"broken-file",
			`${flatbuffer.name}: reading it would take far more memory than its ${flatbuffer.bytes.byteLength} bytes account for; it is damaged.`,
		);
}

export function int8(table: Table, field: number, otherwise = 0): number {
	const at = fieldAt(table, field, 1);
	return at === undefined ? otherwise : table.flatbuffer.view.getInt8(at);
}

export function uint8(table: Table, field: number, otherwise = 0): number {
	const at = fieldAt(table, field, 1);
	return at === undefined ? otherwise : table.flatbuffer.view.getUint8(at);
}

export function int32(table: Table, field: number, otherwise = 0): number {
	const at = fieldAt(table, field, 4);
	return at === undefined ? otherwise : table.flatbuffer.view.getInt32(at, true);
}

export function uint32(table: Table, field: number, otherwise = 0): number {
	const at = fieldAt(table, field, 4);
	return at === undefined ? otherwise : table.flatbuffer.view.getUint32(at, true);
}

export function float32(table: Table, field: number, otherwise = 0): number {
	const at = fieldAt(table, field, 4);
	return at === undefined ? otherwise : table.flatbuffer.view.getFloat32(at, true);
}

/** An unsigned integer of 64 bits; beyond 2⁵³ it is no longer exact, and no offset in any file. */
export function uint64(table: Table, field: number, otherwise = 0): number {
	const at = fieldAt(table, field, 8);
	return at === undefined ? otherwise : uint64At(table.flatbuffer.view, at);
}

/** The table that a field points to, or undefined where the field is left out. */
export function childTable(table: Table, field: number): Table | undefined {
	const at = fieldAt(table, field, 4);
	return at === undefined ? undefined : tableAt(table.flatbuffer, target(table.flatbuffer, at));
}

/** The tables of a vector; none where the field is left out. */
export function childTables(table: Table, field: number): Table[] {
	const { flatbuffer } = table;
	const { start, length } = vectorAt(table, field, 4, tableCost);
	return Array.from({ length }, (_, i) => tableAt(flatbuffer, target(flatbuffer, start + 4 * i)));
}

export function int32s(table: Table, field: number): number[] {
	const { start, length } = vectorAt(table, field, 4, numberCost);
	return Array.from({ length }, (_, i) => table.flatbuffer.view.getInt32(start + 4 * i, true));
}

export function float32s(table: Table, field: number): number[] {
	const { start, length } = vectorAt(table, field, 4, numberCost);
	return Array.from({ length }, (_, i) => table.flatbuffer.view.getFloat32(start + 4 * i, true));
}

/** Integers of 64 bits; beyond ±2⁵³ they are no longer exact. */
export function int64s(table: Table, field: number): number[] {
	const { start, length } = vectorAt(table, field, 8, numberCost);
	return Array.from({ length }, (_, i) => int64At(table.flatbuffer.view, start + 8 * i));
}

/** The bytes of a vector, as a view of the file; none where the field is left out. */
export function byteVector(table: Table, field: number): Uint8Array {
	const { start, length } = vectorAt(table, field, 1, 0);
	return table.flatbuffer.bytes.subarray(start, start + length);
}

/** A text, or undefined where the field is left out. */
export function text(table: Table, field: number): string | undefined {
	if (!hasField(table, field)) return undefined;
	const { start, length } = vectorAt(table, field, 1, 2);
	return new TextDecoder().decode(table.flatbuffer.bytes.subarray(start, start + length));
}

/** Whether a field is there at all. */
export function hasField(table: Table, field: number): boolean {
	return fieldAt(table, field, 1) !== undefined;
}

/** The offset of a field's first byte, or undefined where the field is left out, as those with a usual value are. */
function fieldAt({ flatbuffer, offset }: Table, field: number, size: number): number | undefined {
	const { view } = flatbuffer;
	const vtable = offset - view.getInt32(offset, true);
	// A vtable begins with its own length and the table's.
	const slot = 4 + 2 * field;
	const within = slot < view.getUint16(vtable, true) ? view.getUint16(vtable + slot, true) : 0;
	if (within === 0) return undefined;
	checkRange(flatbuffer, offset + within, size, "a field of a table");
	return offset + within;
}

/** Where the offset that stands at `at` leads: offsets count from their own place. */
function target(flatbuffer: Flatbuffer, at: number): number {
	checkRange(flatbuffer, at, 4, "an offset");
	return at + flatbuffer.view.getUint32(at, true);
}

/** A table begins with the distance back to its vtable, which begins with its own length. */
function tableAt(flatbuffer: Flatbuffer, offset: number): Table {
	const { view } = flatbuffer;
	checkRange(flatbuffer, offset, 4, "a table");
	const vtable = offset - view.getInt32(offset, true);
	checkRange(flatbuffer, vtable, 4, "a vtable");
	const length = view.getUint16(vtable, true);
	// One byte more for a last slot that lies half within an odd length.
	checkRange(flatbuffer, vtable, length + (length % 2), "a vtable");
	return { flatbuffer, offset };
}

function vectorAt(
	table: Table,
	field: number,
	elementSize: number,
	elementCost: number,
): { start: number; length: number } {
	const { flatbuffer } = table;
	const at = fieldAt(table, field, 4);
	if (at === undefined) return { start: 0, length: 0 };
	const offset = target(flatbuffer, at);
	checkRange(flatbuffer, offset, 4, "the length of a vector");
	const length = flatbuffer.view.getUint32(offset, true);
	checkRange(flatbuffer, offset + 4, length * elementSize, `a vector of ${length}`);
	charge(flatbuffer, length * elementCost);
	return { start: offset + 4, length };
}
