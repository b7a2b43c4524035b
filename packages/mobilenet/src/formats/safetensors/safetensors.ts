/**
 * The safetensors format: a length, a JSON header, and the tensors' bytes one after the other. The header is
 * checked against the file before a tensor is made of it, and tensors are views of the file's bytes wherever
 * their alignment allows. What the tensors mean is not this file's business.
 *
 * Source: https://github.com/huggingface/safetensors (README, "Format"; `tensor.rs` for order and padding).
 */
import { type BinaryFile, binaryFile, checkRange } from "../../base/bytes.ts";
import { MobileNetError, messageOf, shown } from "../../base/error.ts";
import { isJson, parseJson } from "../../base/json.ts";
import {
	type ArrayOf,
	arrays,
	type DType,
	sizeOf,
	type Tensor,
	type TensorData,
} from "../../weights/tensor.ts";

export interface Safetensors {
	readonly tensors: Map<string, Tensor>;
	/** The header's free text; an object without a prototype, so that no name in a file can mean anything else. */
	readonly metadata: Record<string, string>;
}

/** The length of the header stands before it. */
export const lengthBytes = 8;
/** No header may be longer, whatever the file's length: the reference's own bound. */
const longestHeader = 100_000_000;
/** A header of tensors of shapes. */
const headerDepth = 3;
export const metadataKey = "__metadata__";

/** In the order in which the reference writes them: the widest first. */
export const dtypes = Object.keys(arrays) as DType[];
/** Read, and rounded to float32: nothing here computes in more. */
const double = "F64";
const doubleBytes = Float64Array.BYTES_PER_ELEMENT;

/** One tensor of the header, checked; `start` and `end` count from the file's first byte. */
interface Entry {
	readonly name: string;
	/** Undefined where the tensor is left out. */
	readonly dtype: DType | typeof double | undefined;
	readonly shape: readonly number[];
	readonly start: number;
	readonly end: number;
}

/**
 * The tensors and the metadata of a safetensors file. Tensors share the file's memory where they are aligned
 * to their type in it, and are copies where not. F64 is rounded to F32. Scalars of other types, such as PyTorch's
 * `num_batches_tracked`, are left out.
 *
 * @param name how errors call the file
 * @throws MobileNetError `broken-file`, or `unsupported` for a tensor of another type
 * @example
 * readSafetensors(await readFile("model.safetensors"), "model.safetensors").tensors.get("classifier.weight")?.shape
 */
export function readSafetensors(bytes: Uint8Array, name: string): Safetensors {
	const file = binaryFile(bytes, name);
	const { header, end: start } = readHeader(file);
	const entries: Entry[] = [];
	let metadata: Record<string, string> = Object.create(null);
	for (const [key, value] of Object.entries(header))
		if (key === metadataKey) metadata = checkMetadata(value, name);
		else entries.push(checkEntry(key, value, name, start));
	checkLayout(entries, file, start);
	const tensors = new Map<string, Tensor>();
	for (const { name: key, dtype, shape, start, end } of entries)
		if (dtype === double) tensors.set(key, { dtype: "F32", shape, data: rounded(file, start, end) });
		else if (dtype) tensors.set(key, { dtype, shape, data: arrayOf(dtype, bytes, start, end) } as Tensor);
	return { tensors, metadata };
}

/** The JSON header, and where it ends and the tensors' bytes begin. */
function readHeader(file: BinaryFile): { readonly header: object; readonly end: number } {
	const { name, bytes, view } = file;
	checkRange(file, 0, lengthBytes, "the length of the safetensors header");
	const length = Number(view.getBigUint64(0, true));
	if (length > longestHeader)
		throw broken(
			name,
			`its header would take ${length} bytes, more than the ${longestHeader} that are allowed`,
		);
	checkRange(file, lengthBytes, length, "the safetensors header");
	let header: unknown;
	try {
		const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
		header = parseJson(decoder.decode(bytes.subarray(lengthBytes, lengthBytes + length)), headerDepth);
	} catch (error) {
		throw broken(
			name,
			`its header, ${length} bytes from offset ${lengthBytes}, is not the JSON it should be: ${messageOf(error)}`,
		);
	}
	if (!isJson(header)) throw broken(name, `its header must be a JSON object, not ${shown(header)}`);
	return { header, end: lengthBytes + length };
}

function checkMetadata(value: unknown, name: string): Record<string, string> {
	if (!isJson(value)) throw broken(name, `${metadataKey} must be an object of texts, not ${shown(value)}`);
	const metadata: Record<string, string> = Object.create(null);
	for (const [key, text] of Object.entries(value)) {
		if (typeof text !== "string")
			throw broken(name, `${metadataKey} must hold texts, but ${shown(key)} is ${shown(text)}`);
		metadata[key] = text;
	}
	return metadata;
}

function checkEntry(key: string, value: unknown, name: string, dataStart: number): Entry {
	const tensor = `tensor ${shown(key)}`;
	if (!isJson(value)) throw broken(name, `${tensor} must be described by an object, not ${shown(value)}`);
	const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
	if (!(Array.isArray(shape) && shape.every(isCount)))
		throw broken(name, `${tensor} must have a shape of whole numbers, not ${shown(shape)}`);
	if (!(Array.isArray(offsets) && offsets.length === 2 && offsets.every(isCount)))
		throw broken(name, `${tensor} must have two whole numbers as data_offsets, not ${shown(offsets)}`);
	const [from, to] = offsets as [number, number];
	if (from > to)
		throw broken(name, `${tensor} ends at offset ${to} of the data, before its beginning at ${from}`);
	const place = { name: key, shape: shape as number[], start: dataStart + from, end: dataStart + to };
	if (dtype !== double && !isDType(dtype)) {
		if (typeof dtype === "string" && shape.length === 0) return { ...place, dtype: undefined };
		throw new MobileNetError(
			"unsupported",
			`${name}: ${tensor} is of type ${shown(dtype)}; this package reads ${[double, ...dtypes].join(", ")}.`,
		);
	}
	const expected = sizeOf(place.shape) * (dtype === double ? doubleBytes : arrays[dtype].BYTES_PER_ELEMENT);
	if (expected !== to - from)
		throw broken(
			name,
			`${tensor} of type ${dtype} and shape ${shown(shape)} should take ${expected} bytes, but its data_offsets ${shown(offsets)} hold ${to - from}`,
		);
	return { ...place, dtype };
}

/**
 * Fails unless the tensors fill the data from its first byte to its last, one after the other, as the format
 * demands. A name that stands twice in the header leaves a hole and is found here too.
 */
function checkLayout(entries: readonly Entry[], file: BinaryFile, start: number): void {
	const { name, bytes } = file;
	let end = start;
	let last = "the header";
	for (const entry of entries.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
		const tensor = `tensor ${shown(entry.name)}`;
		if (entry.start !== end)
			throw broken(
				name,
				`${tensor} begins at offset ${entry.start}, but ${last} ends at ${end}: tensors must lie one after the other, without overlap or gap`,
			);
		checkRange(file, entry.start, entry.end - entry.start, tensor);
		end = entry.end;
		last = tensor;
	}
	if (end !== bytes.byteLength)
		throw broken(name, `${last} ends at offset ${end}, but the file has ${bytes.byteLength} bytes`);
}

function arrayOf<D extends DType>(dtype: D, bytes: Uint8Array, start: number, end: number): TensorData[D] {
	const type: ArrayOf<TensorData[D]> = arrays[dtype];
	const length = (end - start) / type.BYTES_PER_ELEMENT;
	const offset = bytes.byteOffset + start;
	if (offset % type.BYTES_PER_ELEMENT === 0) return new type(bytes.buffer, offset, length);
	return new type(new Uint8Array(bytes.subarray(start, end)).buffer, 0, length);
}

function rounded({ view }: BinaryFile, start: number, end: number): Float32Array {
	return Float32Array.from({ length: (end - start) / doubleBytes }, (_, i) =>
		view.getFloat64(start + i * doubleBytes, true),
	);
}

export function isCount(value: unknown): value is number {
	return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isDType(value: unknown): value is DType {
	return typeof value === "string" && Object.hasOwn(arrays, value);
}

function broken(name: string, what: string): MobileNetError {
	return new MobileNetError("broken-file", `${name} is no sound safetensors file: ${what}.`);
}
