/**
 * The networks that can be had by name, by maker. Every repository is named with a commit, every digest with where it is
 * from (entry.ts); what could not be had when this was written is `unverified`.
 *
 * - Google's networks: https://github.com/tensorflow/models, research/slim/nets/mobilenet_v1.md; that page has the
 *   accuracies, and research/slim/preprocessing/inception_preprocessing.py (`preprocess_for_eval`) how pictures were cut.
 * - timm's: the cards of the models on https://huggingface.co/timm.
 */
import type { PreprocessingOptions } from "../weights/preprocessing.ts";
import type { CatalogEntry, WeightFile, WeightSource } from "./entry.ts";

/** Of Google's sixteen networks: where a uint8 file of it is and what is known of that file. */
interface Row {
	/** As names have it: `1.0` */
	readonly alpha: "0.25" | "0.5" | "0.75" | "1.0";
	readonly size: number;
	/** Published top-1 in percent, of the float and of the uint8 network. */
	readonly top1: readonly [float: number, uint8: number];
	readonly from: "coral" | "greenWaves";
	readonly file: Omit<WeightFile, "path">;
}

const row = (
	alpha: Row["alpha"],
	size: number,
	top1: Row["top1"],
	from: Row["from"],
	file: Row["file"],
): Row => ({ alpha, size, top1, from, file });

/** Bytes of the files of 2018; there are as many at every size of the input. */
const bytes2018 = { "0.25": 497264, "0.5": 1364512, "0.75": 2624208 } as const;
const of2018 = (alpha: keyof typeof bytes2018, sha256: string): Row["file"] => ({
	bytes: bytes2018[alpha],
	sha256,
});

/** Coral's repository is Google's own, its files carry the labels; it has four of the sixteen. */
// biome-ignore format: a table
const rows: readonly Row[] = [
	row("0.25", 128, [41.5, 39.9], "coral", { bytes: 525598, sha256: "cb273c23ee76374b05b9583177e28aa19744858a7679c56a250e83d0333da785" }),
	row("0.25", 160, [45.5, 43.5], "greenWaves", of2018("0.25", "97f3e6517d02dfdd844ab307857f785cad0ff8d22be9b57d44fbc3e0fc919908")),
	row("0.25", 192, [47.7, 45.8], "greenWaves", of2018("0.25", "f80999b6324c6f101300c3ee38fbe7e11e74a743b5e0be7350602087fe7430a3")),
	row("0.25", 224, [49.8, 48.2], "greenWaves", of2018("0.25", "ce8f61fe3e4e29560c4ea8038e4b91eb354be330fc428348b9645bd1e7de03bf")),
	row("0.5", 128, [56.3, 54.9], "greenWaves", of2018("0.5", "98218c930437d5d618f67cf8ac05e7cae838962479a0f1caac5fd1304a164428")),
	row("0.5", 160, [59.1, 57.7], "coral", { bytes: 1392846, sha256: "3cc6d2ca460abd2e0f699a6d0d2550c6b61c6e3b0e27a3616e384ea74cb86f43" }),
	row("0.5", 192, [61.7, 60.4], "greenWaves", of2018("0.5", "b0e9c14692a1c967112edd5d3c16fa24e2698b2c14dc2fd8d6932fc6728d5d2a")),
	row("0.5", 224, [63.3, 62.2], "greenWaves", of2018("0.5", "b14dcdda08a2a8746977ef312504b86e4205c10508de5b50816fd380f6a679db")),
	row("0.75", 128, [62.1, 59.8], "greenWaves", of2018("0.75", "a4608be6a9401fb7e4b77ff2a2998cfeccf8deb06dd50be9f536c75157f2c980")),
	row("0.75", 160, [65.3, 63.9], "greenWaves", of2018("0.75", "54199ac68e4918bde69c12da8686fe5bfa983c8b1c865b3e03d45ad5d2f97948")),
	row("0.75", 192, [67.2, 66.2], "coral", { bytes: 2652542, sha256: "41daeb22fdcf947e0e5ec32373aa9df7c31f3ef45dbd0ef7b5940fbce3c20f6a" }),
	row("0.75", 224, [68.4, 67.9], "greenWaves", of2018("0.75", "c840ef6d6284a744a4b7c29c9fca0e66b71a20ea55ce1c8a705d2cfe11190eb6")),
	row("1.0", 128, [65.2, 64.0], "greenWaves", { gitBlob: "036633b939b232cd0a1b3bb88281a6f0a4eff52e" }),
	row("1.0", 160, [68.0, 67.3], "greenWaves", { gitBlob: "5ffcfb6097a85849ef45ed9acb87f677a0004229" }),
	row("1.0", 192, [70.0, 69.0], "greenWaves", { gitBlob: "6a3d92f1f416ad02fe678375fa1ee34415b321f8" }),
	row("1.0", 224, [70.9, 69.7], "coral", { gitBlob: "ed3753826e390f0ddec8c36a8125d0dc97fd43ef" }),
];

const repositories: Readonly<Record<Row["from"], WeightSource>> = {
	coral: { github: "google-coral/test_data", revision: "104342d2d3480b3e66203073dac24f4e2dbb4c41" },
	greenWaves: {
		github: "GreenWaves-Technologies/mobilenet",
		revision: "c9c05c48cc97e6b1b56720e14501e3e9285f530b",
		folder: "models",
	},
};

const google = "Trained by Google on ImageNet and published in https://github.com/tensorflow/models";
const published = (top1: number): NonNullable<CatalogEntry["published"]> => ({
	top1,
	source: "https://github.com/tensorflow/models, research/slim/nets/mobilenet_v1.md",
});
/** How Google cuts pictures to evaluate, which no file but Hugging Face's says. */
const central: PreprocessingOptions = { fit: { centralFraction: 0.875 } };
/** Colors from -1 to 1, as the float networks were trained; the quantization of an integer file says it itself. */
const float: PreprocessingOptions = { mean: 127.5, std: 127.5, channelOrder: "rgb", ...central };

function uint8({ alpha, size, top1, from, file }: Row): CatalogEntry {
	const name = `mobilenet_v1_${alpha}_${size}`;
	const path = `${from === "coral" ? name : name.replaceAll(".", "_")}_quant.tflite`;
	return {
		name: `imagenet/${alpha}-${size}`,
		title: `Google's ${alpha}-${size}, uint8`,
		files: [{ path, ...file }],
		sources: [repositories[from]],
		license: "Apache-2.0",
		origin: `${google}; converted to TensorFlow Lite by Google.`,
		published: published(top1[1]),
		...(file.sha256 === undefined && { unverified: true }),
		preprocessing: central,
	};
}

/** The one float file of TensorFlow Lite of which a repository is known. */
const float224: CatalogEntry = {
	name: "imagenet/1.0-224-float",
	title: "Google's 1.0-224, float",
	files: [{ path: "mobilenet_v1_1.0_224.tflite", gitBlob: "d34691eb60c3164a4b056ed2928ce5f06f2b421d" }],
	sources: [
		{
			github: "shaqian/flutter_tflite",
			revision: "36be78f8e24fca00b5a5af2edf5d1ec0105c0066",
			folder: "example/assets",
		},
	],
	license: "Apache-2.0",
	origin: `${google}; converted to TensorFlow Lite by Google.`,
	published: published(70.9),
	unverified: true,
	preprocessing: float,
};

/** Keras's files of weights are Google's float networks without the background class. */
function keras({ alpha, size, top1 }: Row): CatalogEntry {
	const path = `mobilenet_${{ "0.25": "2_5", "0.5": "5_0", "0.75": "7_5", "1.0": "1_0" }[alpha]}_${size}_tf.h5`;
	return {
		name: `imagenet/keras-${alpha}-${size}`,
		title: `Keras's ${alpha}-${size}, float`,
		files: [{ path }],
		sources: [
			{ address: "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/" },
			{ address: "https://github.com/fchollet/deep-learning-models/releases/download/v0.6/" },
		],
		license: "Apache-2.0",
		origin: `${google}; its weights as Keras Applications publishes them.`,
		published: published(top1[0]),
		unverified: true,
		size,
		preprocessing: float,
	};
}

/** A layers model in 55 groups of weights, a file each; hosted at 224 pixels only. */
function tensorflowjs({ alpha, size, top1 }: Row): CatalogEntry {
	const groups = Array.from({ length: 55 }, (_, i): WeightFile => ({ path: `group${i + 1}-shard1of1` }));
	const folder = `mobilenet_v1_${alpha === "0.5" ? "0.50" : alpha}_${size}`;
	return {
		name: `imagenet/tfjs-${alpha}-${size}`,
		title: `TensorFlow.js' ${alpha}-${size}, float`,
		files: [{ path: "model.json" }, ...groups],
		sources: [{ address: `https://storage.googleapis.com/tfjs-models/tfjs/${folder}/` }],
		license: "Apache-2.0",
		origin: `${google}; converted for TensorFlow.js by Google.`,
		published: published(top1[0]),
		unverified: true,
		preprocessing: float,
	};
}

/** Google's networks as transformers has them; the files beside the weights say everything. */
function huggingFace(variant: string, top1: number, revision: string, sha256: string): CatalogEntry {
	const [alpha, size] = variant.split("_");
	return {
		name: `imagenet/hf-${alpha}-${size}`,
		title: `Google's ${alpha}-${size} on Hugging Face's hub, float`,
		files: [
			{ path: "pytorch_model.bin", sha256 },
			{ path: "config.json" },
			{ path: "preprocessor_config.json" },
		],
		sources: [{ hub: `google/mobilenet_v1_${variant}`, revision }],
		license: "Apache-2.0",
		origin: `${google}; converted for transformers by Hugging Face, whose card has the license "other".`,
		published: published(top1),
		unverified: true,
	};
}

/** timm's own networks; `config.json` says everything. mobilenetv1_100h has one layer more, which is not read. */
function timm(variant: string, top1: number, revision: string): CatalogEntry {
	const hub = `timm/mobilenetv1_${variant}.ra4_e3600_r224_in1k`;
	return {
		name: `imagenet/timm-${variant}`,
		title: `timm's MobileNet v1 ${variant}, float`,
		files: [{ path: "model.safetensors" }, { path: "config.json" }],
		sources: [{ hub, revision }],
		license: "Apache-2.0",
		origin: `Trained by Ross Wightman on ImageNet and published as https://huggingface.co/${hub}.`,
		published: { top1, source: `https://huggingface.co/${hub}, at 224 pixels` },
		unverified: true,
	};
}

/**
 * What can be had by name.
 *
 * @example
 * entries.find(({ name }) => name === "imagenet/0.25-128")?.files[0]?.bytes // 525598
 */
export const entries: readonly CatalogEntry[] = [
	...rows.map(uint8),
	float224,
	...rows.map(keras),
	...rows.filter(({ size }) => size === 224).map(tensorflowjs),
	huggingFace(
		"1.0_224",
		70.9,
		"5788d9af095a71990fe38c78772f884d15f34682",
		"533912ba76c89fd19ae3572a74ed43965e514e6948c80939c7c3c72e12292f95",
	),
	huggingFace(
		"0.75_192",
		67.2,
		"2f576343244a5092cf3b189a9a161202652d1a30",
		"d6897ed48c2af12759a4f67a32391d71b05f6f4d95f5f45ec3d2ab2a3b1ff9c2",
	),
	timm("100", 75.382, "6e88b523abded44469eafcd52f7832d5e0300b1b"),
	timm("125", 76.924, "9e2b4f9a089f39eaf59cb38fb5d595f4d78c8064"),
];

/**
 * Other names of entries. `imagenet` is what a page should take: small, quantized, in one file. The float networks of
 * which no TensorFlow Lite file is known are Keras's, the same weights.
 */
export const aliases: Readonly<Record<string, string>> = {
	imagenet: "imagenet/0.5-160",
	...Object.fromEntries(
		rows
			.map(
				({ alpha, size }) => [`imagenet/${alpha}-${size}-float`, `imagenet/keras-${alpha}-${size}`] as const,
			)
			.filter(([name]) => name !== float224.name),
	),
};
