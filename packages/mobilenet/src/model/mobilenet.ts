/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The model as users see it: loaded from a file or created, it classifies pictures, returns their features, runs on
 * numbers, describes itself, and saves itself.
 */
import { writeLocation } from "#files";
import { MobileNetError } from "../base/error.ts";
import type { Arithmetic } from "../kernels/operations.ts";
import type { Build } from "../kernels/walker.ts";
import { type Configuration, type ConfigurationOptions, configure } from "../network/configuration.ts";
import { type Cost, type CostOptions, cost } from "../network/cost.ts";
import { type SummaryTextOptions, summary } from "../network/summary.ts";
import { type InitializeOptions, initialize } from "../weights/initialize.ts";
import type { Label, Model } from "../weights/model.ts";
import { featuresOf, type Network, networkOf, outputOf } from "./network.ts";
import type {
	ClassifiedPicture,
	ClassifyOptions,
	EmbeddedPicture,
	Features,
	FeaturesOptions,
	LoadOptions,
	PictureOptions,
	ProbabilityRow,
	RunOptions,
} from "./options.ts";
import type { KeyOf, Picture, PictureSource, Pictures } from "./pictures.ts";
import { rowsOf } from "./pipeline.ts";
import { type Prediction, ranking } from "./predictions.ts";
import { type ReadyModel, readyModel } from "./ready.ts";
import { loadModel, type ModelSource } from "./source.ts";

/**
 * A MobileNet v1 that is ready to run.
 *
 * @example
 * import { MobileNet } from "mobilenet";
 * const mobilenet = await MobileNet.load(); // the package's own; or MobileNet.load("model.tflite")
 * const [best] = await mobilenet.classify("photo.jpg"); // { label: "espresso", index: 193, probability: 0.92…, sure: true }
 * mobilenet.dispose();
 */
export class MobileNet {
	/** Configuration, tensors, preprocessing and labels, from the file and with the options applied. */
	readonly model: Model;
	/** The build of the kernels that runs, and why faster ones do not. */
	readonly build: Build;
	readonly skippedBuilds: readonly string[];
	/** The arithmetic that is used. */
	readonly arithmetic: Arithmetic;
	/** The most threads that run it; workers join in the background, one by one. */
	readonly threads: number;
	readonly #network: Network;

	private constructor(ready: ReadyModel, network: Network) {
		this.model = ready.model;
		this.build = ready.loaded.build;
		this.skippedBuilds = ready.skippedBuilds;
		this.arithmetic = ready.arithmetic;
		this.threads = ready.threads;
		this.#network = network;
	}

	/**
	 * Loads a model from a file of any supported format, which is recognized by its content. Without a source it loads
	 * the package's own model: 200 classes, in 8-bit integers.
	 *
	 * @param source a name (`imagenet`, `imagenet/1.0-224`, `hf:owner/name`), which is fetched once; a path, a URL, the bytes of
	 *   a file, or a folder that holds a model. Default: `default`, the package's own; a file that is called so is `./default`
	 * @throws MobileNetError in one sentence: `not-found`, `broken-file`, `not-mobilenet`, `unsupported`, `usage`, `engine`
	 * @example
	 * const mobilenet = await MobileNet.load();
	 * const other = await MobileNet.load("mobilenet_v1_0.25_224.tflite", { size: 160 });
	 */
	static async load(source?: ModelSource, options: LoadOptions = {}): Promise<MobileNet> {
		// The reader combines preprocessing with what the file's graph does to its input.
		const { preprocessing: _, ...running } = options;
		return MobileNet.from(await loadModel(source, options), running);
	}

	/**
	 * A new network with random weights.
	 *
	 * @param options any field of a configuration, a preset, ρ; `seed` and `method` of the weights, or `torchSeed` for those
	 *   of PyTorch
	 * @throws MobileNetError `configuration`
	 * @example
	 * const mobilenet = await MobileNet.create({ preset: "tutorial" }, { seed: 1 });
	 */
	static async create(
		options: ConfigurationOptions = {},
		{ seed = 1, ...rest }: Partial<InitializeOptions> & RunOptions = {},
	): Promise<MobileNet> {
		return MobileNet.from(initialize(configure(options), { seed, ...rest }), rest);
	}

	/** Makes a model ready to run, such as one returned by a reader of `mobilenet/formats`. */
	static async from(model: Model, options: RunOptions = {}): Promise<MobileNet> {
		const ready = await readyModel(model, options);
		return new MobileNet(ready, networkOf(ready, options.transparency));
	}

	get configuration(): Configuration {
		return this.model.configuration;
	}

	get labels(): readonly Label[] | undefined {
		return this.model.labels;
	}

	/**
	 * The probability, above 0 and up to 1, from which the best answer can be trusted; every answer's `sure` says so. The
	 * model's maker chose it on pictures that training did not see; undefined if nobody did. Training drops it: set it in
	 * the model again.
	 *
	 * @example
	 * const [best] = await mobilenet.classify("photo.jpg");
	 * if (best.sure === false) console.log("this is probably none of them");
	 */
	get sureFrom(): number | undefined {
		return this.model.sureFrom;
	}

	/**
	 * Names what is in a picture, or in each of many.
	 *
	 * @param source a picture, or a list of them: paths, URLs, bytes, blobs or raw pixels
	 * @returns the best classes, most probable first; for a list, such a row for every picture. If the network's `output` is
	 *   `sigmoid`, a picture may show several classes or none: `threshold` keeps those that it shows
	 * @throws MobileNetError `picture` or `not-found` for the first picture that cannot be read; `classifyEach` continues
	 * @example
	 * const rows = await mobilenet.classify(["a.jpg", "b.png"], { top: 3 });
	 */
	classify(source: PictureSource, options?: ClassifyOptions): Promise<Prediction[]>;
	classify(source: readonly PictureSource[], options?: ClassifyOptions): Promise<Prediction[][]>;
	async classify(
		source: PictureSource | readonly PictureSource[],
		options: ClassifyOptions = {},
	): Promise<Prediction[] | Prediction[][]> {
		const rows: Prediction[][] = [];
		for await (const row of this.classifyEach(isList(source) ? source : [source], options)) {
			if ("error" in row) throw row.error;
			rows.push(row.predictions);
		}
		return isList(source) ? rows : rows[0]!;
	}

	/**
	 * Names what is in each of many pictures, in order. A picture that cannot be read becomes a row with its error, and the
	 * others continue. Memory does not grow with their number.
	 *
	 * @param pictures a list, or anything that can be iterated; a picture is a source or `{ key, source }`
	 * @returns rows with the pictures' keys; a picture without a key has its source as the key
	 * @example
	 * for await (const row of mobilenet.classifyEach(paths, { batch: 8 }))
	 *   console.log(row.key, "error" in row ? row.error : row.predictions[0]);
	 */
	async *classifyEach<P extends Picture>(
		pictures: Pictures<P>,
		options: ClassifyOptions = {},
	): AsyncGenerator<ClassifiedPicture<KeyOf<P>>, void, void> {
		checkHead(this.configuration);
		const rank = await ranking(this.model, options);
		yield* rowsOf(
			pictures,
			this.#network,
			["probabilities"],
			([probabilities], place) => ({ predictions: rank(probabilities![place]!) }),
			options,
		);
	}

	/**
	 * Like `classifyEach`, but returns the probabilities of all classes, as evaluation needs them. They include a background
	 * class if the model has one.
	 *
	 * @param pictures as `classifyEach` takes them
	 * @throws MobileNetError `usage` if the model has no classifier
	 * @example
	 * for await (const row of mobilenet.probabilitiesEach(paths, { batch: 8 }))
	 *   if (!("error" in row)) console.log(row.probabilities.length); // 1001
	 */
	async *probabilitiesEach<P extends Picture>(
		pictures: Pictures<P>,
		options: PictureOptions = {},
	): AsyncGenerator<ProbabilityRow<KeyOf<P>>, void, void> {
		checkHead(this.configuration);
		yield* rowsOf(
			pictures,
			this.#network,
			["probabilities"],
			([probabilities], place) => ({ probabilities: probabilities![place]! }),
			options,
		);
	}

	/**
	 * The pooled features of a picture, or of each of many: the input of the classifier.
	 *
	 * @returns as many numbers as the last block has channels: 1024 at α = 1; all numbers of the last feature map if `pooling` is
	 *   `none`
	 * @throws MobileNetError `picture` or `not-found` for the first picture that cannot be read; `embedEach` continues
	 * @example
	 * const vector = await mobilenet.embed("photo.jpg");
	 */
	embed(source: PictureSource, options?: PictureOptions): Promise<Float32Array>;
	embed(source: readonly PictureSource[], options?: PictureOptions): Promise<Float32Array[]>;
	async embed(
		source: PictureSource | readonly PictureSource[],
		options: PictureOptions = {},
	): Promise<Float32Array | Float32Array[]> {
		const vectors: Float32Array[] = [];
		for await (const row of this.embedEach(isList(source) ? source : [source], options)) {
			if ("error" in row) throw row.error;
			vectors.push(row.embedding);
		}
		return isList(source) ? vectors : vectors[0]!;
	}

	/**
	 * The pooled features of each of many pictures, in the same way as `classifyEach`.
	 *
	 * @param pictures as `classifyEach` takes them
	 * @example
	 * for await (const row of mobilenet.embedEach(paths))
	 *   console.log(row.key, "error" in row ? row.error : row.embedding);
	 */
	async *embedEach<P extends Picture>(
		pictures: Pictures<P>,
		options: PictureOptions = {},
	): AsyncGenerator<EmbeddedPicture<KeyOf<P>>, void, void> {
		yield* rowsOf(
			pictures,
			this.#network,
			["pool"],
			([pool], place) => ({ embedding: pool![place]! }),
			options,
		);
	}

	/**
	 * The outputs of layers for a picture, after their activations.
	 *
	 * @param layer `stem`, `blocks.0.depthwise`, `blocks.0.pointwise` … `pool`, `head.0` … if there are dense layers
	 *   before the classifier, `classifier` (the logits); or a list of names, for which the network runs only once
	 * @returns [height, width, channels]; for a list, a map from layer name to these
	 * @throws MobileNetError `usage` if there is no such layer; `picture` or `not-found` for the picture
	 * @example
	 * const { data, shape } = await mobilenet.features("photo.jpg", "blocks.5.pointwise"); // shape [14, 14, 512]
	 * const all = await mobilenet.features("photo.jpg", ["stem", "blocks.5.pointwise"]);
	 * all.get("stem").shape; // [112, 112, 32]
	 */
	features(source: PictureSource, layer: string, options?: FeaturesOptions): Promise<Features>;
	features(
		source: PictureSource,
		layers: readonly string[],
		options?: FeaturesOptions,
	): Promise<Map<string, Features>>;
	async features(
		source: PictureSource,
		layer: string | readonly string[],
		options: FeaturesOptions = {},
	): Promise<Features | Map<string, Features>> {
		if (typeof layer !== "string") return featuresOf(this.#network, source, layer, options);
		return (await featuresOf(this.#network, source, [layer], options)).get(layer)!;
	}

	/**
	 * Runs the network on numbers, as other frameworks do.
	 *
	 * @param input [batch, size, size, inputChannels]: NHWC, normalized as the network expects
	 * @returns [batch, classes]: as the configuration's `output` says, including a background class; for a `binary` network
	 *   [batch, 1]; without a classifier [batch, channels], the pooled features
	 * @throws MobileNetError `usage` if the input has another length
	 * @example
	 * const output = await mobilenet.run(new Float32Array(2 * 224 * 224 * 3), { batch: 2 });
	 */
	async run(
		input: Float32Array,
		{ batch = 1 }: { readonly batch?: number | undefined } = {},
	): Promise<Float32Array> {
		return outputOf(this.#network, input, batch);
	}

	/** The network as a table of layers, shapes and parameters, as torchinfo prints it. */
	summary(options?: SummaryTextOptions): string {
		return summary(this.configuration, options);
	}

	/** Multiply-adds, parameters and memory of the network. */
	cost(options?: CostOptions): Cost {
		return cost(this.configuration, options);
	}

	/**
	 * Writes the model to a safetensors file: weights, configuration, preprocessing, labels. It is written whole or not at all.
	 *
	 * @example
	 * await mobilenet.save("model.safetensors");
	 */
	async save(location: string | URL): Promise<void> {
		const { writeModel } = await import("../formats/safetensors/model-writer.ts");
		await writeLocation(location, writeModel(this.model));
	}

	/** Frees memory and threads. Afterwards only metadata can be read. */
	dispose(): void {
		this.#network.runner.dispose();
	}

	[Symbol.dispose](): void {
		this.dispose();
	}
}

function isList(source: PictureSource | readonly PictureSource[]): source is readonly PictureSource[] {
	return Array.isArray(source);
}

function checkHead({ head }: Configuration): void {
	if (!head) throw new MobileNetError("usage", "the model has no classifier: use embed or features.");
}
