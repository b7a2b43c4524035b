/**
 * Small TensorFlow Lite files for tests, built with the flatbuffers library's own writer: it stands for the
 * converter and for the metadata writer. Numbers of fields are schema.fbs's, written out again.
 */
import { Builder } from "flatbuffers";

export const operatorCodes = {
	ADD: 0,
	AVERAGE_POOL_2D: 1,
	CONV_2D: 3,
	DEPTHWISE_CONV_2D: 4,
	DEQUANTIZE: 6,
	FULLY_CONNECTED: 9,
	LOGISTIC: 14,
	MAX_POOL_2D: 17,
	MUL: 18,
	RELU: 19,
	RELU6: 21,
	RESHAPE: 22,
	SOFTMAX: 25,
	TANH: 28,
	PAD: 34,
	MEAN: 40,
	SUB: 41,
	DIV: 42,
	SQUEEZE: 43,
	STRIDED_SLICE: 45,
	CAST: 53,
	SHAPE: 77,
	REDUCE_MAX: 82,
	LEAKY_RELU: 98,
	REVERSE_V2: 105,
	QUANTIZE: 114,
	HARD_SWISH: 117,
	CUMSUM: 128,
} as const;
export const typeCodes = {
	float32: 0,
	float16: 1,
	int32: 2,
	uint8: 3,
	int64: 4,
	string: 5,
	int16: 7,
	int8: 9,
} as const;
const optionCodes = {
	convolution: 1,
	depthwise: 2,
	pool: 5,
	fullyConnected: 8,
	softmax: 9,
	add: 11,
	multiply: 21,
	stridedSlice: 32,
	leakyRelu: 75,
} as const;

type Put = (builder: Builder, field: number) => void;
type Fields = Readonly<Record<number, Put | undefined>>;

export const int8 =
	(value: number): Put =>
	(b, field) =>
		b.addFieldInt8(field, value, null);
export const int32 =
	(value: number): Put =>
	(b, field) =>
		b.addFieldInt32(field, value, null);
const int64 =
	(value: number): Put =>
	(b, field) =>
		b.addFieldInt64(field, BigInt(value), null);
export const float32 =
	(value: number): Put =>
	(b, field) =>
		b.addFieldFloat32(field, value, null);
const at =
	(offset: number): Put =>
	(b, field) =>
		b.addFieldOffset(field, offset, 0);

function table(builder: Builder, fields: Fields): number {
	builder.startObject(12);
	for (const [field, put] of Object.entries(fields)) put?.(builder, Number(field));
	return builder.endObject();
}

function vector(
	builder: Builder,
	size: number,
	values: readonly number[],
	add: (value: number) => void,
): Put {
	builder.startVector(size, values.length, size);
	for (const value of values.toReversed()) add(value);
	return at(builder.endVector());
}

const int32s = (b: Builder, values: readonly number[]): Put => vector(b, 4, values, (v) => b.addInt32(v));
const float32s = (b: Builder, values: readonly number[]): Put => vector(b, 4, values, (v) => b.addFloat32(v));
const int64s = (b: Builder, values: readonly number[]): Put =>
	vector(b, 8, values, (v) => b.addInt64(BigInt(v)));
const offsets = (b: Builder, values: readonly number[]): Put => vector(b, 4, values, (v) => b.addOffset(v));
const words = (b: Builder, value: string | undefined): Put | undefined =>
	value === undefined ? undefined : at(b.createString(value));

export interface MadeTensor {
	readonly name?: string;
	readonly shape: readonly number[];
	readonly signature?: readonly number[];
	readonly type?: keyof typeof typeCodes | number;
	readonly data?: ArrayBufferView;
	/** A buffer of another tensor, by its number. */
	readonly bufferOf?: number;
	readonly scale?: readonly number[];
	readonly zeroPoint?: readonly number[];
	readonly dimension?: number;
	/** Data written behind the flatbuffer, as in files beyond 2 GiB: their offset and size. */
	readonly outside?: readonly [offset: number, size: number];
}

export interface MadeOperator {
	readonly code: keyof typeof operatorCodes | { readonly custom: string };
	readonly inputs: readonly number[];
	readonly outputs: readonly number[];
	readonly options?: { readonly type: keyof typeof optionCodes; readonly fields: Fields };
}

export interface MadeModel {
	readonly tensors: readonly MadeTensor[];
	readonly operators: readonly MadeOperator[];
	readonly inputs?: readonly number[];
	readonly outputs: readonly number[];
	readonly subgraphs?: number;
	readonly version?: number;
	readonly metadata?: Uint8Array;
	/** The TensorFlow that converted the file. */
	readonly converter?: string;
}

/** The file; its input is tensor 0 unless told otherwise. */
export function makeTensorFlowLite(model: MadeModel): Uint8Array {
	const { inputs = [0], subgraphs = 1, version = 3 } = model;
	const b = new Builder(1024);
	const buffers = [table(b, {})];
	const numbers = model.tensors.map(({ data, outside }) => {
		if (data) {
			const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
			buffers.push(table(b, { 0: at(b.createByteVector(bytes)) }));
		} else if (outside) buffers.push(table(b, { 1: int64(outside[0]), 2: int64(outside[1]) }));
		else return 0;
		return buffers.length - 1;
	});
	const tensors = model.tensors.map((tensor, i) => {
		const { type = "float32", scale, zeroPoint, dimension = 0, signature } = tensor;
		const quantization =
			scale &&
			table(b, {
				2: float32s(b, scale),
				3: zeroPoint && int64s(b, zeroPoint),
				6: int32(dimension),
			});
		return table(b, {
			0: int32s(b, tensor.shape),
			1: int8(typeof type === "number" ? type : typeCodes[type]),
			2: int32(numbers[tensor.bufferOf ?? i]!),
			3: words(b, tensor.name),
			4: quantization === undefined ? undefined : at(quantization),
			7: signature && int32s(b, signature),
		});
	});
	const codes = model.operators.map(({ code }) => {
		const number = typeof code === "string" ? operatorCodes[code] : 32;
		return table(b, {
			0: int8(Math.min(number, 127)),
			1: typeof code === "string" ? undefined : words(b, code.custom),
			3: int32(number),
		});
	});
	const operators = model.operators.map((operator, i) => {
		const { options } = operator;
		return table(b, {
			0: int32(i),
			1: int32s(b, operator.inputs),
			2: int32s(b, operator.outputs),
			3: options && int8(optionCodes[options.type]),
			4: options && at(table(b, options.fields)),
		});
	});
	const subgraph = table(b, {
		0: offsets(b, tensors),
		1: int32s(b, inputs),
		2: int32s(b, model.outputs),
		3: offsets(b, operators),
	});
	const kept: readonly (readonly [name: string, bytes: Uint8Array])[] = [
		...(model.metadata ? [["TFLITE_METADATA", model.metadata] as const] : []),
		...(model.converter ? [["CONVERSION_METADATA", conversion(model.converter)] as const] : []),
	];
	let metadata: Put | undefined;
	if (kept.length > 0) {
		const entries = [table(b, { 0: words(b, "min_runtime_version"), 1: int32(0) })];
		for (const [name, bytes] of kept) {
			buffers.push(table(b, { 0: at(b.createByteVector(bytes)) }));
			entries.push(table(b, { 0: words(b, name), 1: int32(buffers.length - 1) }));
		}
		metadata = offsets(b, entries);
	}
	const root = table(b, {
		0: int32(version),
		1: offsets(b, codes),
		2: offsets(b, new Array<number>(subgraphs).fill(subgraph)),
		4: offsets(b, buffers),
		6: metadata,
	});
	b.finish(root, "TFL3");
	return b.asUint8Array().slice();
}

/** What TensorFlow's converter says of itself; it has no identifier. */
function conversion(version: string): Uint8Array {
	const b = new Builder(64);
	b.finish(table(b, { 0: at(table(b, { 0: words(b, version), 1: int32(2) })) }));
	return b.asUint8Array().slice();
}

export interface MadeMetadata {
	readonly mean?: readonly number[];
	readonly std?: readonly number[];
	readonly files?: readonly { readonly name: string; readonly type: number; readonly locale?: string }[];
	readonly identifier?: string;
}

/** What TFLite Support's metadata writer makes for a classifier of pictures. */
export function makeMetadata({ mean, std, files = [], identifier = "M001" }: MadeMetadata): Uint8Array {
	const b = new Builder(256);
	const input: Fields =
		(mean &&
			std && {
				4: offsets(b, [
					// Another kind of unit stands before it: ScoreThresholdingOptions.
					table(b, { 0: int8(3), 1: at(table(b, { 0: float32(0.5) })) }),
					table(b, { 0: int8(1), 1: at(table(b, { 0: float32s(b, mean), 1: float32s(b, std) })) }),
				]),
			}) ||
		{};
	const inputTable = table(b, { 0: words(b, "image"), ...input });
	const associated = files.map(({ name, type, locale }) =>
		table(b, { 0: words(b, name), 1: words(b, "what it is"), 2: int8(type), 3: words(b, locale) }),
	);
	const outputTable = table(b, { 0: words(b, "probability"), 6: offsets(b, associated) });
	const subgraph = table(b, { 2: offsets(b, [inputTable]), 3: offsets(b, [outputTable]) });
	b.finish(table(b, { 0: words(b, "ImageClassifier"), 3: offsets(b, [subgraph]) }), identifier);
	return b.asUint8Array().slice();
}
