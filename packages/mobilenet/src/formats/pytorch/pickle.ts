/**
 * Python's pickles as data. A pickle is a program for a small stack machine that may import and call anything; here it is
 * read for what it would make, and nothing is ever imported or called: a global stays a name, a call its arguments.
 * Whoever reads a pickle knows a few of these names and leaves the others alone. Only opcodes that write data are known:
 * those of protocols 2 to 5, without buffers out of band and extension codes.
 *
 * Source: CPython's `pickletools.py`; PyTorch's `torch/csrc/jit/serialization/pickler.cpp`.
 */
import {
	type ByteReader,
	readBytes,
	readFloat64,
	readInt32,
	readUint8,
	readUint16,
	readUint32,
	readUint64,
	skip,
} from "../../base/byte-reader.ts";
import { MobileNetError } from "../../base/error.ts";
import {
	append,
	callOf,
	checkDepth,
	counted,
	globalOf,
	isCall,
	line,
	type Machine,
	machineAt,
	mapOf,
	type PickleCall,
	type PickleValue,
	persistentOf,
	pop,
	popped,
	refuse,
	remember,
	remembered,
	setItems,
	textOf,
	toMark,
	top,
	two,
} from "./pickle-machine.ts";

/** A pickle's value, and all that it refers to outside of itself. */
export interface Pickle {
	readonly value: PickleValue;
	readonly persistent: readonly PickleCall[];
}

/** What an opcode does. */
type Step = (machine: Machine) => void;

/**
 * The pickle from the reader's place on, up to its own end, to which the reader moves.
 *
 * @param fileLength bytes of the whole file, which the pickle may be a small part of
 * @throws MobileNetError `broken-file` where it is damaged or costs more memory than the file's length explains;
 * `unsupported` for an opcode that writes no data
 * @example
 * readPickle(readerAt(file, 0, length, "the pickle"), length).value // Map { "epoch" → 3, "state_dict" → Map {…} }
 */
export function readPickle(reader: ByteReader, fileLength: number): Pickle {
	const machine = machineAt(reader, fileLength);
	for (;;) {
		const opcode = readUint8(reader);
		if (opcode === stop) {
			const value = pop(machine);
			return { value, persistent: machine.persistent };
		}
		const step = steps[opcode];
		if (!step)
			throw new MobileNetError(
				"unsupported",
				`${reader.file.name}: ${reader.what} has the opcode 0x${opcode.toString(16).padStart(2, "0")} at offset ${reader.offset - 1}, which PyTorch does not write; it is damaged, or save the weights alone: torch.save(model.state_dict(), …).`,
				{ file: reader.file.name, offset: reader.offset - 1 },
			);
		step(machine);
		checkDepth(machine);
	}
}

const stop = ".".charCodeAt(0);

const push =
	(value: (machine: Machine) => PickleValue): Step =>
	(machine) => {
		machine.stack.push(value(machine));
	};
const constant = (value: PickleValue): Step => push(() => value);
const text = (length: (reader: ByteReader) => number): Step =>
	push((machine) => textOf(machine, length(machine.reader)));
const bytes = (length: (reader: ByteReader) => number): Step =>
	push(({ reader }) => readBytes(reader, length(reader)));
const tuple = (count: number): Step => push((machine) => counted(machine, popped(machine, count)));

/** By opcode, which is a character of ASCII in the older protocols. */
const steps: readonly (Step | undefined)[] = table({
	// Protocol and frames, which say how long what follows is.
	"\x80": ({ reader }) => skip(reader, 1),
	"\x95": ({ reader }) => skip(reader, 8),
	// Constants and numbers.
	N: constant(null),
	"\x88": constant(true),
	"\x89": constant(false),
	J: push(({ reader }) => readInt32(reader)),
	K: push(({ reader }) => readUint8(reader)),
	M: push(({ reader }) => readUint16(reader)),
	G: push(({ reader }) => readFloat64(reader, "big")),
	"\x8a": push(({ reader }) => wholeNumber(readBytes(reader, readUint8(reader)))),
	"\x8b": push(({ reader }) => wholeNumber(readBytes(reader, readUint32(reader)))),
	// Texts and bytes; those of Python 2 are either.
	X: text((reader) => readUint32(reader)),
	"\x8c": text((reader) => readUint8(reader)),
	"\x8d": text((reader) => readUint64(reader)),
	T: text((reader) => readUint32(reader)),
	U: text((reader) => readUint8(reader)),
	B: bytes((reader) => readUint32(reader)),
	C: bytes((reader) => readUint8(reader)),
	"\x8e": bytes((reader) => readUint64(reader)),
	"\x96": bytes((reader) => readUint64(reader)),
	// Containers.
	"(": ({ stack, marks }) => marks.push(stack.length),
	")": tuple(0),
	"\x85": tuple(1),
	"\x86": tuple(2),
	"\x87": tuple(3),
	t: push((machine) => counted(machine, toMark(machine))),
	l: push((machine) => counted(machine, toMark(machine))),
	"\x91": push((machine) => counted(machine, toMark(machine))),
	"]": push((machine) => counted(machine, [])),
	"\x8f": push((machine) => counted(machine, [])),
	"}": push((machine) => mapOf(machine, [])),
	d: push((machine) => mapOf(machine, toMark(machine))),
	a: (machine) => append(machine, popped(machine, 1)),
	e: (machine) => append(machine, toMark(machine)),
	"\x90": (machine) => append(machine, toMark(machine)),
	s: (machine) => setItems(machine, popped(machine, 2)),
	u: (machine) => setItems(machine, toMark(machine)),
	// The stack and the memo.
	"0": (machine) => {
		pop(machine);
	},
	"1": (machine) => {
		toMark(machine);
	},
	"2": push(top),
	q: (machine) => remember(machine, readUint8(machine.reader)),
	r: (machine) => remember(machine, readUint32(machine.reader)),
	"\x94": (machine) => remember(machine, machine.memo.size),
	h: push((machine) => remembered(machine, readUint8(machine.reader))),
	j: push((machine) => remembered(machine, readUint32(machine.reader))),
	// Globals, calls and objects.
	c: push((machine) => globalOf(machine, line(machine), line(machine))),
	"\x93": push((machine) => {
		const [module, name] = popped(machine, 2);
		if (typeof module !== "string" || typeof name !== "string")
			return refuse(machine, "names a class by something that is no text");
		return globalOf(machine, module, name);
	}),
	R: push((machine) => callOf(machine, ...two(machine))),
	"\x81": push((machine) => callOf(machine, ...two(machine))),
	"\x92": push((machine) => {
		pop(machine);
		return callOf(machine, ...two(machine));
	}),
	b: (machine) => {
		const state = pop(machine);
		const object = top(machine);
		if (isCall(object)) object.state = state;
	},
	Q: push((machine) => persistentOf(machine, pop(machine))),
});

function table(byCharacter: Readonly<Record<string, Step>>): readonly (Step | undefined)[] {
	const all = new Array<Step | undefined>(256).fill(undefined);
	for (const [character, step] of Object.entries(byCharacter)) all[character.charCodeAt(0)] = step;
	return all;
}

/** Little-endian, in two's complement; of one that is longer than eight bytes only how large it is. */
function wholeNumber(number: Uint8Array): number {
	const few = number.subarray(-8);
	let value = 0;
	for (let i = few.length - 1; i >= 0; i--) value = value * 256 + few[i]!;
	const isNegative = few.length > 0 && few.at(-1)! > 127;
	return (isNegative ? value - 256 ** few.length : value) * 256 ** (number.length - few.length);
}
