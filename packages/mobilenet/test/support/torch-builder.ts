/**
 * Files as `torch.save` writes them, for tests of what reads them: values are pickled by protocol 2 without a memo, into a
 * zip archive or in a row. Whatever a pickle can say can be built, the hostile too.
 */
import { zipSync } from "fflate";
import type { Tensor } from "../../src/weights/tensor.ts";
import { sizeOf } from "../../src/weights/tensor.ts";

export type Built =
	| null
	| boolean
	| number
	| string
	/** A tuple. */
	| readonly Built[]
	/** A dictionary. */
	| Map<Built, Built>
	/** Opcodes as they are. */
	| Uint8Array
	| { readonly list: readonly Built[] }
	| { readonly global: string }
	| { readonly call: string; readonly with: readonly Built[]; readonly state?: Built }
	| { readonly persistent: Built };

const text = new TextEncoder();
const uint32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
const opcode = (character: string): number => character.charCodeAt(0);

/** A pickle of a value, from its protocol to its end. */
export function pickled(value: Built): Uint8Array {
	const body = value instanceof Uint8Array ? value : opcodes(value);
	const bytes = new Uint8Array(body.length + 3);
	bytes.set([0x80, 2]);
	bytes.set(body, 2);
	bytes[bytes.length - 1] = opcode(".");
	return bytes;
}

/** What pushes a value. */
export function opcodes(value: Built): number[] {
	if (value === null) return [opcode("N")];
	if (typeof value === "boolean") return [value ? 0x88 : 0x89];
	if (typeof value === "number") {
		if (Number.isInteger(value) && Math.abs(value) < 2 ** 31)
			return [opcode("J"), ...new Uint8Array(Int32Array.of(value).buffer)];
		return [opcode("G"), ...new Uint8Array(Float64Array.of(value).buffer).toReversed()];
	}
	if (typeof value === "string") {
		const bytes = text.encode(value);
		return [opcode("X"), ...uint32(bytes.length), ...bytes];
	}
	if (value instanceof Uint8Array) return [...value];
	if (value instanceof Map) {
		const entries = [...value].flatMap(([key, entry]) => [...opcodes(key), ...opcodes(entry)]);
		return [opcode("}"), opcode("("), ...entries, opcode("u")];
	}
	if ("global" in value) {
		const dot = value.global.lastIndexOf(".");
		return [opcode("c"), ...text.encode(`${value.global.slice(0, dot)}\n${value.global.slice(dot + 1)}\n`)];
	}
	if ("list" in value) return [opcode("]"), opcode("("), ...value.list.flatMap(opcodes), opcode("e")];
	if ("persistent" in value) return [...opcodes(value.persistent), opcode("Q")];
	if ("call" in value) {
		const state = value.state === undefined ? [] : [...opcodes(value.state), opcode("b")];
		return [...opcodes({ global: value.call }), ...opcodes(value.with), opcode("R"), ...state];
	}
	return [opcode("("), ...value.flatMap(opcodes), opcode("t")];
}

/** Names of storages by the type of their numbers. */
const storageTypes: Readonly<Record<string, string>> = {
	...{ F32: "FloatStorage", F16: "HalfStorage", BF16: "BFloat16Storage", F64: "DoubleStorage" },
	...{ I32: "IntStorage", I64: "LongStorage", U8: "ByteStorage", I8: "CharStorage" },
};

/** A file in the making: tensors are given their storages as they are asked for. */
export interface TorchBuilder {
	/** What rebuilds a tensor. */
	tensor(tensor: Stored): Built;
	/** A storage for these bytes, of numbers of a type. */
	storage(type: string, bytes: Uint8Array, numbers: number): Built;
	/** The file; an archive may have others in it. */
	file(root: Built, others?: Readonly<Record<string, Uint8Array>>): Uint8Array;
}

export type Stored =
	| Tensor
	| {
			readonly dtype: "F64" | "I64";
			readonly shape: readonly number[];
			readonly data: Float64Array | BigInt64Array;
	  };

/** @param form a zip archive, as since PyTorch 1.6, or pickles in a row, as before */
export function torchBuilder(form: "zip" | "row" = "zip"): TorchBuilder {
	const storages: Storages[number][] = [];
	const storage: TorchBuilder["storage"] = (type, bytes, numbers) => {
		const key = String(storages.length);
		storages.push({ key, bytes, numbers });
		return {
			persistent: [
				"storage",
				{ global: `torch.${type}` },
				key,
				"cpu",
				numbers,
				...(form === "row" ? [null] : []),
			],
		};
	};
	return {
		storage,
		tensor: ({ dtype, shape, data }) => {
			const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
			return rebuilt(storage(storageTypes[dtype]!, bytes, data.length), 0, shape, stridesOf(shape));
		},
		file: (root, others = {}) => (form === "zip" ? archive(root, storages, others) : inARow(root, storages)),
	};
}

type Storages = readonly { readonly key: string; readonly bytes: Uint8Array; readonly numbers: number }[];

function archive(root: Built, storages: Storages, others: Readonly<Record<string, Uint8Array>>): Uint8Array {
	const files: [string, Uint8Array][] = [
		["data.pkl", pickled(root)],
		["byteorder", text.encode("little")],
		...storages.map(({ key, bytes }): [string, Uint8Array] => [`data/${key}`, bytes]),
		["version", text.encode("3\n")],
		...Object.entries(others),
	];
	return zipSync(
		Object.fromEntries(files.map(([path, bytes]) => [`archive/${path}`, [bytes, { level: 0 }]])),
	);
}

/** The magic number, the version, the machine, the root, the storages' keys; then the storages. */
function inARow(root: Built, storages: Storages): Uint8Array {
	const machine = new Map<Built, Built>([
		["protocol_version", 1001],
		["little_endian", true],
	]);
	const keys = { list: storages.map(({ key }) => key) };
	const pickles = [legacyMagic, 1001, machine, root, keys].flatMap((value) => [...pickled(value)]);
	const parts = [
		Uint8Array.from(pickles),
		...storages.flatMap(({ bytes, numbers }) => [Uint8Array.from([...uint32(numbers), 0, 0, 0, 0]), bytes]),
	];
	const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let offset = 0;
	for (const part of parts) {
		whole.set(part, offset);
		offset += part.length;
	}
	return whole;
}

const legacyMagic = Uint8Array.of(0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19);

/** What rebuilds a tensor of a storage. */
export function rebuilt(
	storage: Built,
	offset: number,
	shape: readonly number[],
	strides: readonly number[],
): Built {
	const hooks = { call: "collections.OrderedDict", with: [] };
	return {
		call: "torch._utils._rebuild_tensor_v2",
		with: [storage, offset, [...shape], [...strides], false, hooks],
	};
}

function stridesOf(shape: readonly number[]): readonly number[] {
	return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** A state dict: an ordered dictionary of tensors. */
export function stateDict(builder: TorchBuilder, tensors: Iterable<readonly [string, Stored]>): Built {
	return new Map([...tensors].map(([name, tensor]) => [name, builder.tensor(tensor)]));
}
