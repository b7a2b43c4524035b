/**
 * The part of ONNX's schema that a MobileNet takes: numbers of fields, by message.
 *
 * Source: onnx/onnx.proto of ONNX.
 */
export const fields = {
	model: { irVersion: 1, producerName: 2, graph: 7, operatorSets: 8, metadata: 14 },
	operatorSet: { domain: 1, version: 2 },
	graph: { nodes: 1, name: 2, initializers: 5, inputs: 11, outputs: 12 },
	node: { inputs: 1, outputs: 2, name: 3, operator: 4, attributes: 5, domain: 7 },
	attribute: { name: 1, float: 2, integer: 3, text: 4, tensor: 5, integers: 8, type: 20 },
	tensor: {
		...{ shape: 1, type: 2, floats: 4, integers: 5, longs: 7, name: 8, data: 9, doubles: 10 },
		external: 13,
	},
	entry: { key: 1, value: 2 },
	value: { name: 1, type: 2 },
	type: { tensor: 1 },
	tensorType: { elements: 1, shape: 2 },
	shape: { lengths: 1 },
	length: { value: 1 },
} as const;

/** What is written. */
export const irVersion = 8;
/** What is written: since this one, quantization has a scale for each channel. */
export const operatorSet = 13;
/** `TensorProto.DataType`. */
export const dataTypes = { F32: 1, U8: 2, I8: 3, I32: 6, I64: 7, F16: 10, F64: 11, BF16: 16 } as const;
/** `AttributeProto.AttributeType`. */
export const attributeTypes = { float: 1, integer: 2, integers: 7 } as const;
