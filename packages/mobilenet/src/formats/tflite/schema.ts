/**
 * Numbers of TensorFlow Lite's schema: the place of each field in its table, and what codes stand for. Only the
 * facts that reading and writing a MobileNet take, or naming what is none.
 *
 * Sources: schema.fbs, version 3c (tensorflow/compiler/mlir/lite/schema/schema.fbs in TensorFlow);
 * metadata_schema.fbs, version 1.5 (TFLite Support).
 */

/** Fields by table. A union takes two: its type, then its table. */
export const fields = {
	model: { version: 0, operatorCodes: 1, subgraphs: 2, description: 3, buffers: 4, metadata: 6 },
	operatorCode: { deprecatedBuiltinCode: 0, customCode: 1, version: 2, builtinCode: 3 },
	subgraph: { tensors: 0, inputs: 1, outputs: 2, operators: 3 },
	tensor: { shape: 0, type: 1, buffer: 2, name: 3, quantization: 4, sparsity: 6, shapeSignature: 7 },
	quantization: { scale: 2, zeroPoint: 3, detailsType: 4, quantizedDimension: 6 },
	operator: { opcodeIndex: 0, inputs: 1, outputs: 2, optionsType: 3, options: 4 },
	/** Data beyond the flatbuffer's 2 GiB stand at an offset of the file. */
	buffer: { data: 0, offset: 1, size: 2 },
	metadata: { name: 0, buffer: 1 },
	/** Of `conversion_metadata.fbs`. */
	conversion: { environment: 0 },
	environment: { tensorFlowVersion: 0 },

	convolution: {
		padding: 0,
		strideWidth: 1,
		strideHeight: 2,
		activation: 3,
		dilationWidth: 4,
		dilationHeight: 5,
	},
	/** Its multiplier is not read: the shapes say it, and TensorFlow Lite itself no longer looks at it. */
	depthwise: {
		padding: 0,
		strideWidth: 1,
		strideHeight: 2,
		multiplier: 3,
		activation: 4,
		dilationWidth: 5,
		dilationHeight: 6,
	},
	pool: { padding: 0, strideWidth: 1, strideHeight: 2, filterWidth: 3, filterHeight: 4, activation: 5 },
	fullyConnected: { activation: 0, weightsFormat: 1 },
	softmax: { beta: 0 },
	stridedSlice: { beginMask: 0, endMask: 1, ellipsisMask: 2, newAxisMask: 3, shrinkAxisMask: 4 },
	/** Of ADD, SUB, MUL and DIV. */
	arithmetic: { activation: 0 },
	reducer: { keepDimensions: 0 },
	leakyRelu: { slope: 0 },

	modelMetadata: { subgraphs: 3 },
	subgraphMetadata: { inputs: 2, outputs: 3 },
	tensorMetadata: { processUnits: 4, associatedFiles: 6 },
	processUnit: { optionsType: 0, options: 1 },
	normalization: { mean: 0, std: 1 },
	associatedFile: { name: 0, type: 2, locale: 3 },
} as const;

export const identifiers = { model: "TFL3", metadata: "M001" } as const;
export const schemaVersion = 3;
/** The name under which a model keeps its metadata. */
export const metadataName = "TFLITE_METADATA";
/** The name under which it keeps what wrote it. */
export const conversionName = "CONVERSION_METADATA";
/** `NormalizationOptions` among a process unit's options. */
export const normalizationOptions = 1;
/** `TENSOR_AXIS_LABELS` among the types of associated files. */
export const axisLabels = 2;
/** From this operator on the code no longer fits the byte that it had at first. */
export const placeholderForGreaterCodes = 127;

/** `BuiltinOptions` of the operators that are read or written here and have options. */
export const optionTypes = {
	CONV_2D: 1,
	DEPTHWISE_CONV_2D: 2,
	AVERAGE_POOL_2D: 5,
	MAX_POOL_2D: 5,
	FULLY_CONNECTED: 8,
	SOFTMAX: 9,
	RESHAPE: 17,
	MEAN: 27,
	LEAKY_RELU: 75,
} as const;

/** Operators of two operands, either of which may be a constant. */
export const arithmeticOperators: readonly string[] = ["ADD", "SUB", "MUL", "DIV"];

export const paddings = ["same", "valid"] as const;
export const activations = ["none", "relu", "relu between -1 and 1", "relu6", "tanh", "sign bit"] as const;

/** `TensorType`, by code. */
export const tensorTypes = [
	...["float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8"],
	...["float64", "complex128", "uint64", "resource", "variant", "uint32", "uint16", "int4", "bfloat16"],
] as const;

/** `BuiltinOperator`, by code, without the experimental ones from 162 on. */
export const operatorNames: readonly string[] = `
ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP FLOOR
FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION
LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH
CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER
BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE
BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM
ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE
TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK
LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD
RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N
GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE
NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL
PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS HASHTABLE
HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE
ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU
DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2
UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT`
	.trim()
	.split(/\s+/);
