/**
 * Tensors of PyTorch's pickles: a storage, and where in it which numbers lie. They are told by the names of the functions
 * that would rebuild them, the only names of a pickle that mean anything here, and read only when somebody asks.
 *
 * Source: PyTorch's `torch/_utils.py` (`_rebuild_tensor_v2` and its kin) and `torch/serialization.py` (`persistent_id`).
 */
import { type Budget, spend } from "../../base/budget.ts";
import { shown } from "../../base/error.ts";
import { float32, sizeOf, type Tensor } from "../../weights/tensor.ts";
import { refuse } from "../chain/units.ts";
import { isCall, isGlobal, type PickleCall, type PickleValue, persistentId } from "./pickle-machine.ts";

/** A tensor of a file that holds weights. */
export interface StoredTensor {
	readonly shape: readonly number[];
	/** @param name how errors call it */
	read(name: string): Tensor;
}

/** Where the storages of a file are. */
export interface Storages {
	/** How errors call the file. */
	readonly name: string;
	/** The bytes of a storage by its key; undefined where there is none. */
	storage(key: string): Uint8Array | undefined;
	/** What copies of tensors may take, in bytes. */
	readonly copies: Budget;
}

/** Numbers in a file, by the name of their type in PyTorch. */
const types: Readonly<Record<string, Type>> = {
	float32: { width: 4, dtype: "F32" },
	float16: { width: 2, dtype: "F16" },
	bfloat16: { width: 2, dtype: "BF16" },
	float64: { width: 8, dtype: "F64" },
	int64: { width: 8 },
	int32: { width: 4 },
	int16: { width: 2 },
	int8: { width: 1 },
	uint8: { width: 1 },
	bool: { width: 1 },
	complex64: { width: 8 },
	complex128: { width: 16 },
};
/** The arrays of each type; halves are kept as bits. */
const arrays: {
	readonly [D in NonNullable<Type["dtype"]>]: new (
		buffer: ArrayBufferLike,
		offset: number,
		length: number,
	) => Float32Array | Float64Array | Uint16Array;
} = { F32: Float32Array, F16: Uint16Array, BF16: Uint16Array, F64: Float64Array };

interface Type {
	readonly width: number;
	/** Absent for types that no weights are read of. */
	readonly dtype?: "F32" | "F16" | "BF16" | "F64";
}

/** What storages of a type are called; one without a type is of bytes. */
const storageTypes: Readonly<Record<string, string>> = {
	...{
		FloatStorage: "float32",
		HalfStorage: "float16",
		BFloat16Storage: "bfloat16",
		DoubleStorage: "float64",
	},
	...{ LongStorage: "int64", IntStorage: "int32", ShortStorage: "int16", CharStorage: "int8" },
	...{ ByteStorage: "uint8", BoolStorage: "bool", UntypedStorage: "uint8" },
	...{ ComplexFloatStorage: "complex64", ComplexDoubleStorage: "complex128" },
};

/**
 * The functions that rebuild tensors from a storage, an offset, a shape and strides, and which further argument names the
 * type of a storage without one.
 */
const rebuilders: Readonly<Record<string, { readonly type?: number }>> = {
	"torch._utils._rebuild_tensor": {},
	"torch._utils._rebuild_tensor_v2": {},
	"torch._utils._rebuild_tensor_v3": { type: 6 },
};
/** Those that put something around another one's tensor, their first argument. */
const around: readonly string[] = [
	"torch._utils._rebuild_parameter",
	"torch._utils._rebuild_parameter_with_state",
	"torch.nn.parameter.Parameter",
	"torch.nn.parameter.Buffer",
];
/** It takes another function and its arguments: how tensors with attributes of their own are saved. */
const fromType = "torch._tensor._rebuild_from_type_v2";
/** Calls within calls: a parameter of a tensor of a type is three. */
const deepest = 4;
const mostAxes = 8;

/** A storage as a pickle refers to it. */
export interface Storage {
	readonly key: string;
	/** Name of the type in PyTorch. */
	readonly type: string;
	/** Bytes a number. */
	readonly width: number;
	readonly numbers: number;
	/** Where in the storage of this key it begins, in numbers: one of another's part, in old files. */
	readonly start: number;
}

/** The storage that something outside of a pickle is; undefined where it is none. */
export function storageOf({ of, arguments: [id] }: PickleCall): Storage | undefined {
	if (of !== persistentId || !Array.isArray(id) || id[0] !== "storage") return undefined;
	const [, global, key, , numbers, view] = id;
	const called = isGlobal(global) ? global.name.replace(/^.*\./, "") : "";
	const type = Object.hasOwn(storageTypes, called) ? storageTypes[called] : undefined;
	if (type === undefined || typeof key !== "string" || !isCount(numbers)) return undefined;
	const start = Array.isArray(view) ? view[1] : 0;
	if (!isCount(start)) return undefined;
	return { key, type, width: types[type]!.width, numbers, start };
}

/** The tensor that a value of a pickle is; undefined where it is none. */
export function tensorOf(
	value: PickleValue | undefined,
	file: Storages,
	depth = 0,
): StoredTensor | undefined {
	if (!isCall(value) || depth > deepest) return undefined;
	const given = value.arguments;
	if (around.includes(value.of)) return tensorOf(given[0], file, depth + 1);
	if (value.of === fromType) {
		const [rebuild, , rest] = given;
		if (!isGlobal(rebuild) || !Array.isArray(rest)) return undefined;
		return tensorOf({ ...value, of: rebuild.name, arguments: rest }, file, depth + 1);
	}
	if (!Object.hasOwn(rebuilders, value.of)) return undefined;
	const typeAt = rebuilders[value.of]!.type;
	const [stored, offset, shape, strides] = given;
	const storage = isCall(stored) ? storageOf(stored) : undefined;
	const type = typeAt === undefined ? storage?.type : typeNamed(given[typeAt]);
	if (!storage || !type || !isCount(offset) || !isCounts(shape) || !isCounts(strides)) return undefined;
	const place: Place = { storage, offset, shape, strides, type };
	return { shape, read: (name) => read(place, file, name) };
}

interface Place {
	readonly storage: Storage;
	/** From the storage's start, in numbers of `type`, as strides are. */
	readonly offset: number;
	readonly shape: readonly number[];
	readonly strides: readonly number[];
	/** Of the numbers, which a storage without a type does not say. */
	readonly type: string;
}

/** `torch.float32` by itself or as what `torch.dtype` would be called with. */
function typeNamed(value: PickleValue | undefined): string | undefined {
	const name = isGlobal(value) ? value.name.replace(/^torch\./, "") : undefined;
	return name !== undefined && Object.hasOwn(types, name) ? name : undefined;
}

function read(place: Place, file: Storages, name: string): Tensor {
	const { shape, strides, type } = place;
	const { dtype } = types[type]!;
	if (!dtype)
		return refuse(
			file,
			`the tensor ${name} is of the type ${type} where floats were expected`,
			"unsupported",
		);
	const bytes = bytesOf(place, file, name);
	const stored = new arrays[dtype](bytes.buffer, bytes.byteOffset, bytes.length / types[type]!.width);
	const isRows = isInOrder(shape, strides);
	if (!isRows) spendCopy(file, sizeOf(shape) * types[type]!.width);
	const data = isRows ? stored : gathered(stored, shape, strides);
	if (!(data instanceof Float64Array)) return { dtype, shape, data } as Tensor;
	spendCopy(file, data.length * Float32Array.BYTES_PER_ELEMENT);
	return float32(new Float32Array(data), shape);
}

/** The bytes from a tensor's first number to its last, where numbers of its type may lie. */
function bytesOf({ storage, offset, shape, strides, type }: Place, file: Storages, name: string): Uint8Array {
	const { width } = types[type]!;
	const bytes = file.storage(storage.key)?.subarray(storage.start * storage.width);
	const length = Math.min(bytes?.length ?? 0, storage.numbers * storage.width);
	// From the first number to the last one; an axis without a stride takes numbers more than once.
	const reach = 1 + shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis]!, 0);
	const fits =
		shape.length === strides.length &&
		!shape.includes(0) &&
		sizeOf(shape) * width <= length &&
		(offset + reach) * width <= length;
	if (!bytes || !fits)
		return refuse(
			file,
			`the tensor ${name} of the type ${type}, the shape ${shown(shape)} and the strides ${shown(strides)} should lie from number ${offset} on in the storage ${shown(storage.key)}, which has ${bytes ? `${length} bytes` : "no file"}; it is cut short or damaged`,
			"broken-file",
		);
	const own = bytes.subarray(offset * width, (offset + reach) * width);
	if (own.byteOffset % width === 0) return own;
	spendCopy(file, own.length);
	return new Uint8Array(own);
}

function spendCopy(file: Storages, bytes: number): void {
	if (!spend(file.copies, bytes))
		refuse(file, "its tensors would take far more memory than its length accounts for", "broken-file");
}

/** Whether numbers lie row by row; an axis of one has any stride. */
function isInOrder(shape: readonly number[], strides: readonly number[]): boolean {
	let expected = 1;
	for (let axis = shape.length - 1; axis >= 0; axis--) {
		if (shape[axis] !== 1 && strides[axis] !== expected) return false;
		expected *= shape[axis]!;
	}
	return true;
}

/** The numbers of a tensor that lies otherwise, as one with channels last does, row by row. */
function gathered<A extends Float32Array | Float64Array | Uint16Array>(
	stored: A,
	shape: readonly number[],
	strides: readonly number[],
): A {
	const size = sizeOf(shape);
	const data = new (stored.constructor as new (length: number) => A)(size);
	const index = new Array<number>(shape.length).fill(0);
	let from = 0;
	for (let to = 0; to < size; to++) {
		data[to] = stored[from]!;
		for (let axis = shape.length - 1; axis >= 0; axis--) {
			from += strides[axis]!;
			if (++index[axis]! < shape[axis]!) break;
			from -= strides[axis]! * shape[axis]!;
			index[axis] = 0;
		}
	}
	return data;
}

function isCount(value: PickleValue | undefined): value is number {
	return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: PickleValue | undefined): value is number[] {
	return Array.isArray(value) && value.length <= mostAxes && value.every(isCount);
}
