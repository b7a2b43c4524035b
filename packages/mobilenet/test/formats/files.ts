/**
 * The model files of ../shared, folder by folder: where each comes from, which runtime gave its answers, how near ours must
 * be. wild/README.md, weights/README.md and golden/README.md say more of each.
 */
import type { LoadOptions } from "../../src/model/options.ts";
import type { Tolerance } from "./answers.ts";

export interface SharedFile {
	/** Who made it, as its README says. */
	readonly origin: string;
	/** What gave the answers; absent for a file that must be refused. */
	readonly runtime?: string;
	/** What a person must say because the file does not. */
	readonly options?: LoadOptions;
	/** Whether the runtime's answers are integers. */
	readonly integer?: boolean;
	readonly tolerance?: Tolerance;
	/** The file of whose answers these are, where both hold the same network. */
	readonly as?: string;
}

export type SharedFiles = Readonly<Record<string, SharedFile>>;

/** What a file takes that does not say so: colors from 0 to 1. */
const unit: LoadOptions = { preprocessing: { mean: 0, std: 255 } };
const google = "Google";
const [litert, lite215] = ["LiteRT 2.3", "TensorFlow Lite 2.15"];
const [tensorflow, tensorflow215] = ["TensorFlow 2.21", "TensorFlow 2.15"];
const [keras, keras3] = ["Keras 2.21", "Keras 3.15"];
const [pytorch, timm, transformers] = ["PyTorch 2.15", "timm 1.0.31", "transformers 5.23"];
const onnxruntime = "onnxruntime 1.32";
const here = "this project, with the framework";

export const wildFiles: SharedFiles = {
	"official_quant/mobilenet_v1_0_25_128_quant.tflite": {
		origin: `${google}, as published in 2018`,
		runtime: litert,
	},
	"official_quant/mobilenet_v1_0_5_128_quant.tflite": {
		origin: `${google}, as published in 2018`,
		runtime: litert,
	},
	"toco_ranges/rune_person_gray_uint8.tflite": { origin: "hotg-ai/rune", runtime: litert },
	"teachable_machine/vww_96_grayscale_quantized.tflite": {
		origin: "Teachable Machine (swathiuppala/TeachableMachine)",
		runtime: litert,
		// Weights of dynamic range (golden/README.md): LiteRT quantizes what its dense layer takes, picture by picture.
		tolerance: { apart: 2e-2, best: 3 },
	},
	"hub_input/flower_model.tflite": {
		origin: "TF-Hub retrained (marcin-ch/IMXRT1170_…_Flowers)",
		runtime: litert,
	},
	"preprocess_in_graph/v02_tutorial_preprocess_ops.h5": { origin: here, runtime: keras },
	"preprocess_in_graph/v02_tutorial_preprocess_ops_int8uint8.tflite": { origin: here, runtime: litert },
	"preprocess_in_graph/v03_aug_rescaling.h5": { origin: here, runtime: keras },
	"heads/v04_hidden_dense.h5": { origin: here, runtime: keras },
	"heads/v04_hidden_dense_float.tflite": { origin: here, runtime: litert },
	"heads/v05_sigmoid1.h5": { origin: here, runtime: keras },
	"small_alpha/v11_alpha0.1.h5": { origin: here, runtime: keras },
	"odd_sizes/v08_undefined_size.h5": { origin: here, runtime: keras, options: { size: 150 } },
	"odd_sizes/v25_imagenet_150.h5": { origin: here, runtime: keras },
	"int8_tf221/v14_cut_full_int8.tflite": { origin: here, runtime: litert },
	"frozen/retrained_graph.pb": {
		origin: "TensorFlow for Poets (ZackPashkin/tensorflow_glasses_…)",
		runtime: tensorflow,
	},
	"onnx/imagenet_mobilenet_v1_025_128_classification_4_1_input.onnx": {
		origin: "TF-Hub by tf2onnx (hoaquocphan/shared_files)",
		runtime: onnxruntime,
	},
	"keras3/k3_flat.keras": { origin: here, runtime: keras3 },
	saved_model: { origin: "TF-Hub (hoaquocphan/shared_files)" },
};

const float: Tolerance = { apart: 1e-4 };
/** golden/README.md: 1 code on 99 % of the outputs, the same best one. */
const integer = { integer: true, tolerance: { apart: 1, share: 0.99, best: 12 } } as const;
export const weightFiles: SharedFiles = {
	"mobilenet_v1_1.0_224_tfjs": {
		origin: `${google} (kostasx/tfjs-mobilenet-offline-model)`,
		runtime: tensorflow215,
		tolerance: float,
	},
	"mobilenet_v1_0.25_224_tfjs": {
		origin: `${google} (Nemurino-kai/FoodPornBlocker)`,
		runtime: tensorflow215,
		tolerance: float,
	},
	"mobilenet_v1_0.25_224_tfjs_graph": {
		origin: `${google}, TF-Hub (Nemurino-kai/FoodPornBlocker)`,
		runtime: tensorflow,
	},
	"mobilenet_v1_1.0_224_quant.tflite": {
		origin: "Coral (google-coral/test_data), joined",
		runtime: lite215,
		...integer,
	},
	"mobilenet_v1_0.5_160_quant.tflite": {
		origin: "Coral (google-coral/test_data)",
		runtime: lite215,
		...integer,
	},
	"mobilenet_v1_0.25_128_quant.tflite": {
		origin: "Coral (google-coral/test_data)",
		runtime: lite215,
		...integer,
	},
	"mobilenet_v1_0.25_224_frozen.pb": {
		origin: `${google} (ZackPashkin/tensorflow_glasses_…)`,
		runtime: tensorflow215,
		tolerance: float,
	},
	"mobilenet_v1_0.25_224.tflite": {
		origin: "the frozen graph, by TensorFlow 2.21",
		runtime: lite215,
		tolerance: float,
	},
	"mobilenet_v1_0.25_224_int8.tflite": {
		origin: "the frozen graph, by TensorFlow 2.21",
		runtime: lite215,
		...integer,
	},
	"mobilenet_v1_0.25_224_fp16.tflite": {
		origin: "the frozen graph, by TensorFlow 2.21",
		runtime: lite215,
		tolerance: { apart: 1e-3 },
	},
	"mobilenet_v1_0.25_224.onnx": {
		origin: "the frozen graph, by tf2onnx",
		runtime: tensorflow215,
		as: "mobilenet_v1_0.25_224_frozen.pb",
		tolerance: float,
	},
	"mobilenet_v1_0.25_224.h5": {
		origin: `${google} (bvenreply/stm32ai-modelzoo)`,
		runtime: tensorflow215,
		tolerance: float,
	},
	"mobilenet_v1_0.25_224_no_top.h5": {
		origin: "Keras's release (homxxx/MicroExpressionRecognition)",
		runtime: keras,
	},
	"mobilenet_v1_0.25_224_leaky_pytorch.tar": { origin: "m2man/Pytorch_Retinaface", runtime: pytorch },
	"glasses_v1_0.25_224.tflite": { origin: "ZackPashkin/tensorflow_glasses_…", runtime: litert },
	"vww_v1_0.25_96.h5": { origin: "mlcommons/tiny", runtime: tensorflow215, options: unit, tolerance: float },
	"vww_v1_0.25_96.tflite": { origin: "mlcommons/tiny", runtime: lite215, options: unit, tolerance: float },
	"vww_v1_0.25_96_int8.tflite": { origin: "mlcommons/tiny", runtime: lite215, ...integer },
	"person_detect_v1_0.25_96_gray_int8.tflite": { origin: "tensorflow/tflite-micro", runtime: litert },
};

/** golden/README.md: float16 2e-2 on logits, dynamic range 2e-2, integers 1 code on 95 % of the outputs. */
const coarse: Tolerance = { apart: 2e-2 };
const codes = { integer: true, tolerance: { apart: 1, share: 0.95 } } as const;
export const goldenFiles: SharedFiles = {
	"keras_v3.keras": { origin: "Keras 2.15", runtime: tensorflow215 },
	"keras_model.h5": { origin: "Keras 2.15", runtime: tensorflow215 },
	"keras_weights.h5": { origin: "Keras 2.15", runtime: tensorflow215, options: { size: 64 } },
	"tflite_float32.tflite": { origin: "TensorFlow Lite's converter", runtime: lite215 },
	"tflite_float16.tflite": { origin: "TensorFlow Lite's converter", runtime: lite215, tolerance: coarse },
	"tflite_dynamic_range.tflite": {
		origin: "TensorFlow Lite's converter",
		runtime: lite215,
		tolerance: { ...coarse, best: 4 },
	},
	"tflite_int8_per_channel.tflite": { origin: "TensorFlow Lite's converter", runtime: lite215, ...codes },
	"tflite_int8_uint8_io.tflite": { origin: "TensorFlow Lite's converter", runtime: lite215, ...codes },
	"slim_frozen.pb": { origin: "TensorFlow, in TF-slim's names", runtime: tensorflow215 },
	"torch_tutorial_stride2.pth": { origin: "PyTorch", runtime: pytorch, options: { size: 64 } },
	"torch_tutorial_stride1.pth": {
		origin: "PyTorch",
		runtime: pytorch,
		options: { size: 64, configuration: { lastBlock: "stride1" } },
	},
	"torch_legacy_pickle.pth": {
		origin: "PyTorch, before 1.6",
		runtime: pytorch,
		options: { size: 64, configuration: { lastBlock: "stride1" } },
	},
	"torch_checkpoint_data_parallel.pth": {
		origin: "PyTorch, half precision",
		runtime: pytorch,
		options: { size: 64, configuration: { lastBlock: "stride1" } },
		tolerance: coarse,
	},
	"onnx_float.onnx": { origin: "PyTorch's exporter", runtime: pytorch },
	"onnx_int8_qdq.onnx": { origin: "onnxruntime's quantizer", runtime: onnxruntime, ...codes },
	"timm_mobilenetv1_025.safetensors": { origin: "timm", runtime: timm, options: { size: 64 } },
	hf: { origin: "transformers", runtime: transformers },
	slim_checkpoint: { origin: "TensorFlow, in TF-slim's names" },
	"torch_whole_module_must_be_refused.pth": { origin: "PyTorch" },
};
