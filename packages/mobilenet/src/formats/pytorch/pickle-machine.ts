/**
 * The stack machine of Python's pickles: its values, its stack and its memo, and what they may cost. Which opcode does what
 * is pickle.ts's.
 */
import { type Budget, spend } from "../../base/budget.ts";
import { type ByteReader, readBytes, skip } from "../../base/byte-reader.ts";
import { MobileNetError } from "../../base/error.ts";

export type PickleValue =
	| null
	| boolean
	| number
	| string
	| Uint8Array
	/** A list, a tuple or a set. */
	| PickleValue[]
	/** A dictionary, an ordered one too. */
	| PickleMap
	| PickleGlobal
	| PickleCall;

export type PickleMap = Map<PickleValue, PickleValue>;

/** A class or a function by its name, such as `torch.FloatStorage`. */
export interface PickleGlobal {
	readonly kind: "global";
	readonly name: string;
}

/** What calling a global would make. */
export interface PickleCall {
	readonly kind: "call";
	/** Name of the global; `persistent id` for what lies outside the pickle. */
	readonly of: string;
	readonly arguments: readonly PickleValue[];
	/** What the object is to set its attributes from. */
	state: PickleValue;
}

export const persistentId = "persistent id";

export function isGlobal(value: PickleValue | undefined): value is PickleGlobal {
	return isObject(value) && value.kind === "global";
}

export function isCall(value: PickleValue | undefined): value is PickleCall {
	return isObject(value) && value.kind === "call";
}

function isObject(value: PickleValue | undefined): value is PickleGlobal | PickleCall {
	return typeof value === "object" && value !== null && "kind" in value;
}

/** What Python takes for dictionaries, which other opcodes then fill. */
const dictionaries: readonly string[] = ["collections.OrderedDict", "builtins.dict", "__builtin__.dict"];

/** About what V8 takes, in bytes, beside the characters of texts. */
const cost = { container: 64, entry: 16, text: 32, memo: 48 } as const;
/** All of it may cost so many times the file's length, and so many bytes besides. */
const most = { times: 4, besides: 8 * 2 ** 20 } as const;
/**
 * Containers of more entries are one piece of memory each, made anew as they grow; these may cost so many times the
 * file's length together.
 */
const long = { list: { entries: 8000, cost: 24 }, map: { entries: 1500, cost: 72 }, times: 2 } as const;
/** Python saves a thousand entries at a time, PyTorch's own pickler all attributes of an object. */
const deepest = { values: 8000, marks: 500 } as const;

export interface Machine {
	readonly reader: ByteReader;
	readonly stack: PickleValue[];
	/** Heights of the stack. */
	readonly marks: number[];
	readonly memo: Map<number, PickleValue>;
	readonly persistent: PickleCall[];
	readonly budget: Budget;
	readonly longBudget: Budget;
}

/** The machine before its first opcode, for a pickle in a file of so many bytes. */
export function machineAt(reader: ByteReader, fileLength: number): Machine {
	return {
		...{ reader, stack: [], marks: [], memo: new Map(), persistent: [] },
		budget: { left: most.besides + most.times * fileLength },
		longBudget: { left: long.times * fileLength },
	};
}

/** Fails where more is half read than in any pickle of PyTorch. */
export function checkDepth(machine: Machine): void {
	if (machine.stack.length > deepest.values || machine.marks.length > deepest.marks)
		refuse(machine, "has more values half read than any that PyTorch writes");
}

export function pop(machine: Machine): PickleValue {
	const { stack, marks } = machine;
	if (stack.length === 0 || stack.length === marks.at(-1))
		refuse(machine, "takes a value from its stack where there is none");
	return stack.pop()!;
}

export function top(machine: Machine): PickleValue {
	const value = pop(machine);
	machine.stack.push(value);
	return value;
}

export function popped(machine: Machine, count: number): PickleValue[] {
	const values = new Array<PickleValue>(count);
	for (let i = count - 1; i >= 0; i--) values[i] = pop(machine);
	return values;
}

export function two(machine: Machine): [PickleValue, PickleValue] {
	const [first, second] = popped(machine, 2);
	return [first!, second!];
}

/** All values since the last mark. */
export function toMark(machine: Machine): PickleValue[] {
	const mark = machine.marks.pop();
	if (mark === undefined) return refuse(machine, "ends a container that has not begun");
	return machine.stack.splice(mark);
}

export function counted(machine: Machine, list: PickleValue[]): PickleValue[] {
	charge(machine, cost.container + cost.entry * list.length);
	return list;
}

export function append(machine: Machine, values: readonly PickleValue[]): void {
	const list = top(machine);
	// An object that is filled is one of those that nobody here knows.
	if (!Array.isArray(list)) return;
	for (const value of values) list.push(value);
	charge(machine, cost.entry * values.length);
	if (list.length > long.list.entries) chargeLong(machine, long.list.cost * values.length);
}

export function mapOf(machine: Machine, entries: readonly PickleValue[]): PickleMap {
	charge(machine, cost.container);
	const map: PickleMap = new Map();
	fill(machine, map, entries);
	return map;
}

export function setItems(machine: Machine, entries: readonly PickleValue[]): void {
	const map = top(machine);
	if (map instanceof Map) fill(machine, map, entries);
}

/** @param entries keys and values by turns */
function fill(machine: Machine, map: PickleMap, entries: readonly PickleValue[]): void {
	if (entries.length % 2 !== 0) refuse(machine, "has a dictionary with a key and no value");
	for (let i = 0; i < entries.length; i += 2) map.set(entries[i]!, entries[i + 1]!);
	charge(machine, cost.memo * (entries.length / 2));
	if (map.size > long.map.entries) chargeLong(machine, long.map.cost * (entries.length / 2));
}

export function remember(machine: Machine, index: number): void {
	const { memo } = machine;
	memo.set(index, top(machine));
	charge(machine, cost.memo);
	if (memo.size > long.map.entries) chargeLong(machine, long.map.cost);
}

export function remembered(machine: Machine, index: number): PickleValue {
	const value = machine.memo.get(index);
	if (value === undefined) return refuse(machine, `takes the value ${index} that it has not kept`);
	return value;
}

export function globalOf(machine: Machine, module: string, name: string): PickleGlobal {
	charge(machine, cost.container + cost.text);
	return { kind: "global", name: `${module}.${name}` };
}

export function callOf(machine: Machine, of: PickleValue, given: PickleValue): PickleValue {
	charge(machine, cost.container);
	const name = nameOf(of);
	if (!dictionaries.includes(name)) return called(name, Array.isArray(given) ? given : [given]);
	const [pairs] = Array.isArray(given) ? given : [];
	const map = mapOf(machine, []);
	// Python 2 gives an ordered dictionary its entries as pairs.
	if (Array.isArray(pairs))
		for (const pair of pairs) if (Array.isArray(pair) && pair.length === 2) fill(machine, map, pair);
	return map;
}

/** A class is a global, or in old files one with its source, which is kept outside of the pickle. */
function nameOf(value: PickleValue): string {
	if (isGlobal(value)) return value.name;
	const [id] = isCall(value) && value.of === persistentId ? value.arguments : [];
	return Array.isArray(id) && isGlobal(id[1]) ? id[1].name : "an unknown class";
}

/** What lies outside the pickle, by what the pickle says of it. */
export function persistentOf(machine: Machine, id: PickleValue): PickleCall {
	charge(machine, cost.container);
	const call = called(persistentId, [id]);
	machine.persistent.push(call);
	return call;
}

function called(of: string, given: readonly PickleValue[]): PickleCall {
	return { kind: "call", of, arguments: given, state: null };
}

export function textOf(machine: Machine, length: number): string {
	charge(machine, cost.text + length);
	return new TextDecoder().decode(readBytes(machine.reader, length));
}

/** Up to the end of the line, which names of modules and classes never are far from. */
export function line(machine: Machine): string {
	const { reader } = machine;
	const { bytes: all } = reader.file;
	const longest = 1000;
	const part = all.subarray(reader.offset, Math.min(reader.end, reader.offset + longest));
	const length = part.indexOf(10);
	if (length < 0) return refuse(machine, `has a class whose name does not end within ${longest} bytes`);
	const name = textOf(machine, length);
	skip(reader, 1);
	return name;
}

function charge(machine: Machine, amount: number): void {
	if (!spend(machine.budget, amount)) tooMuch(machine);
}

function chargeLong(machine: Machine, amount: number): void {
	if (!spend(machine.longBudget, amount)) tooMuch(machine);
}

function tooMuch(machine: Machine): never {
	return refuse(machine, "would take far more memory than the length of the file accounts for");
}

export function refuse({ reader: { file, what, offset } }: Machine, sentence: string): never {
	throw new MobileNetError("broken-file", `${file.name}: ${what} ${sentence} (at offset ${offset}).`, {
		file: file.name,
		offset,
	});
}
