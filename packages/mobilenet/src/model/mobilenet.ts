/// <reference lib="esnext.disposable" preserve="true" />
/**
 * The model as its user holds it: loaded from a file or created, it classifies pictures, gives their features, runs
 * on numbers, tells what it is, and saves itself.
 */
import { writeLocation } from "#files";
import { MobileNetError, shown } from "../base/error.ts";
import { arithmeticOf, executorFor, kernelSetFor } from "../engine/arithmetic.ts";
import type { Executor } from "../engine/executor.ts";
import { threadsFor } from "../engine/threads.ts";
import { peakFlops, timeRuns, timeSteps } from "../engine/timing.ts";
import { writeModel } from "../formats/safetensors/model-file.ts";
import { prepare } from "../image/fit.ts";
import type { Alpha, Pixels } from "../image/pixels.ts";
import { type ChosenBuild, loadBuild } from "../kernels/load.ts";
import type { Arithmetic } from "../kernels/operations.ts";
import type { Build } from "../kernels/walker.ts";
import { type Configuration, type ConfigurationOptions, configure } from "../network/configuration.ts";
import { type Cost, type CostOptions, cost } from "../network/cost.ts";
import { type SummaryTextOptions, summary } from "../network/summary.ts";
import { type InitializeOptions, initialize } from "../weights/initialize.ts";
import type { Label, Model } from "../weights/model.ts";
import { changedModel } from "./changed-model.ts";
import type {
	Bench,
	BenchOptions,
	Classified,
	ClassifyOptions,
	Embedded,
	Features,
	LoadOptions,
	PictureOptions,
	Probable,
	RunOptions,
} from "./options.ts";
import { type Decoded, decodeAll, type PictureSource, pixelsOf } from "./pictures.ts";
import { type Prediction, ranking } from "./predictions.ts";
import { type ModelSource, readAnyModel } from "./read-model.ts";

/**
 * A MobileNet v1 that is ready to run.
 *
 * @example
 * import { MobileNet } from "mobilenet";
 * const model = await MobileNet.load(); // the package's own; or MobileNet.load("model.tflite")
 * const [best] = await model.classify("photo.jpg"); // { label: "espresso", index: 193, probability: 0.92…, sure: true }
 * model.dispose();
 */
export class MobileNet {
	/** Configuration, tensors, preprocessing and labels, as the file had them and the options changed them. */
	readonly model: Model;
	/** The build of the kernels that runs, and why faster ones do not. */
	readonly build: Build;
	readonly skippedBuilds: readonly string[];
	/** What it is computed in. */
	readonly arithmetic: Arithmetic;
	/** The most threads that run it; workers join in the background, one by one. */
	readonly threads: number;
	readonly #loaded: ChosenBuild["loaded"];
	readonly #transparency: Alpha | undefined;
	/** One for ordinary runs, and one that keeps the activation last asked for. */
	readonly #executors = new Map<"usual" | "features", Executor>();
	#disposed = false;

	private constructor(
		model: Model,
		{ loaded, skippedBuilds }: ChosenBuild,
		arithmetic: Arithmetic,
		threads: number,
		transparency: Alpha | undefined,
	) {
		this.model = model;
		this.arithmetic = arithmetic;
		this.threads = threads;
		this.build = loaded.build;
		this.skippedBuilds = skippedBuilds;
		this.#loaded = loaded;
		this.#transparency = transparency;
	}

	/**
	 * Loads a model from a file of any format that can be read; the format is told by the content. Without a source it is
	 * the model that the package carries: 200 classes of things, in 8-bit integers.
	 *
	 * @param source a path, a URL, the bytes of a file, or a folder that holds a model; the embedded model if not given
	 * @throws MobileNetError in one sentence: `not-found`, `broken-file`, `not-mobilenet`, `unsupported`, `usage`, `engine`
	 * @example
	 * const model = await MobileNet.load();
	 * const other = await MobileNet.load("mobilenet_v1_0.25_224.tflite", { size: 160 });
	 */
	static async load(source?: ModelSource, options: LoadOptions = {}): Promise<MobileNet> {
		return MobileNet.from(await readAnyModel(source, options), options);
	}

	/**
	 * A new network with random weights.
	 *
	 * @param options any field of a configuration, a preset, ρ; `seed` and `method` of the weights
	 * @throws MobileNetError `configuration`
	 * @example
	 * const model = await MobileNet.create({ preset: "tutorial" }, { seed: 1 });
	 */
	static async create(
		options: ConfigurationOptions = {},
		{ seed = 1, ...rest }: Partial<InitializeOptions> & RunOptions = {},
	): Promise<MobileNet> {
		return MobileNet.from(initialize(configure(options), { seed, ...rest }), rest);
	}

	/** A model of a model, such as a reader of `mobilenet/formats` gives. */
	static async from(model: Model, options: RunOptions = {}): Promise<MobileNet> {
		const changed = changedModel(model, options);
		const { build, transparency } = options;
		const threads = threadsFor(changed.configuration, options.threads);
		const arithmetic = arithmeticOf(changed, options.arithmetic);
		const chosen = await loadBuild({
			build,
			shared: threads > 1,
			kernelSet: kernelSetFor(changed, arithmetic),
		});
		return new MobileNet(changed, chosen, arithmetic, threads, transparency);
	}

	get configuration(): Configuration {
		return this.model.configuration;
	}

	get labels(): readonly Label[] | undefined {
		return this.model.labels;
	}

	/**
	 * From which probability on, above 0 and up to 1, the best answer is to be believed, as every answer's `sure` says. It
	 * was chosen by whoever made the model, on pictures that training did not see; undefined where nobody did. A model
	 * that is trained has lost it: set it in the model anew.
	 *
	 * @example
	 * const [best] = await model.classify("photo.jpg");
	 * if (best.sure === false) console.log("this is probably none of them");
	 */
	get sureFrom(): number | undefined {
		return this.model.sureFrom;
	}

	/**
	 * Names what is in a picture, or in each of many.
	 *
	 * @param source a picture, or a list of them: paths, URLs, bytes, blobs or raw pixels
	 * @returns the best classes, most probable first; for a list, such a row for every picture
	 * @throws MobileNetError `picture` or `not-found` for the first picture that cannot be had; `classifyEach` goes on
	 * @example
	 * const rows = await model.classify(["a.jpg", "b.png"], { top: 3 });
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
	 * Names what is in each of many pictures, one after the other; what cannot be read becomes a row with its error,
	 * and the others go on. Memory does not grow with their number.
	 *
	 * @param sources a list, or anything that gives pictures one by one
	 * @example
	 * for await (const row of model.classifyEach(paths, { batch: 8 }))
	 *   console.log(row.source, "error" in row ? row.error : row.predictions[0]);
	 */
	async *classifyEach(
		sources: Iterable<PictureSource> | AsyncIterable<PictureSource>,
		options: ClassifyOptions = {},
	): AsyncGenerator<Classified, void, void> {
		checkHead(this.configuration);
		const rank = ranking(this.model, options);
		yield* this.#each(sources, options, (executor, picture) => ({
			predictions: rank(executor.read("probabilities", picture)),
		}));
	}

	/**
	 * The probabilities of all classes for each of many pictures, one after the other, as `classifyEach` names the best:
	 * what evaluation takes. A background class is among them where the model has one, and what cannot be read becomes a
	 * row with its error.
	 *
	 * @param sources a list, or anything that gives pictures one by one
	 * @throws MobileNetError `usage` where the model has no classifier
	 * @example
	 * for await (const row of model.probabilitiesEach(paths, { batch: 8 }))
	 *   if (!("error" in row)) console.log(row.probabilities.length); // 1001
	 */
	async *probabilitiesEach(
		sources: Iterable<PictureSource> | AsyncIterable<PictureSource>,
		options: PictureOptions = {},
	): AsyncGenerator<Probable, void, void> {
		checkHead(this.configuration);
		yield* this.#each(sources, options, (executor, picture) => ({
			probabilities: executor.read("probabilities", picture),
		}));
	}

	/**
	 * The pooled features of a picture, or of each of many: what the classifier would take.
	 *
	 * @returns as many numbers as the last layer has channels: 1024 at α = 1
	 * @throws MobileNetError `picture` or `not-found` for the first picture that cannot be had; `embedEach` goes on
	 * @example
	 * const vector = await model.embed("photo.jpg");
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
	 * The pooled features of each of many pictures, one after the other, as `classifyEach` classifies them: what cannot
	 * be read becomes a row with its error.
	 *
	 * @param sources a list, or anything that gives pictures one by one
	 * @example
	 * for await (const row of model.embedEach(paths))
	 *   console.log(row.source, "error" in row ? row.error : row.embedding);
	 */
	async *embedEach(
		sources: Iterable<PictureSource> | AsyncIterable<PictureSource>,
		options: PictureOptions = {},
	): AsyncGenerator<Embedded, void, void> {
		yield* this.#each(
			sources,
			options,
			(executor, picture) => ({ embedding: executor.read("pool", picture) }),
			"pool",
		);
	}

	/**
	 * What a layer makes of a picture, after its activation.
	 *
	 * @param layer `stem`, `blocks.0.depthwise`, `blocks.0.pointwise` … `pool`, `classifier` (the logits)
	 * @throws MobileNetError `usage` where there is no such layer
	 * @example
	 * const { data, shape } = await model.features("photo.jpg", "blocks.5.pointwise"); // shape [14, 14, 512]
	 */
	async features(
		source: PictureSource,
		layer: string,
		{ signal }: { readonly signal?: AbortSignal } = {},
	): Promise<Features> {
		const executor = this.#executor("features", 1, [layer]);
		this.#prepare(await this.#pixels(source, signal), executor, 0);
		executor.run("bytes", 1, layer);
		const { size, channels } = executor.plan.activations.get(layer)!;
		return { data: executor.read(layer, 0), shape: [size, size, channels] };
	}

	/**
	 * Runs the network on numbers, as other frameworks do.
	 *
	 * @param input [batch, size, size, inputChannels]: NHWC, normalized as the network expects
	 * @returns [batch, classes]: what the configuration's `output` says, a background class with the others; without a
	 *   classifier [batch, channels], the pooled features
	 * @example
	 * const output = model.run(new Float32Array(2 * 224 * 224 * 3), { batch: 2 });
	 */
	run(input: Float32Array, { batch = 1 }: { readonly batch?: number } = {}): Float32Array {
		checkBatch(batch);
		const { size, inputChannels, head, output } = this.configuration;
		const expected = batch * size * size * inputChannels;
		if (!(input instanceof Float32Array) || input.length !== expected)
			throw new MobileNetError(
				"usage",
				`run takes a Float32Array of ${expected} numbers ([${batch}, ${size}, ${size}, ${inputChannels}], NHWC), not ${input instanceof Float32Array ? input.length : shown(input)}.`,
			);
		const executor = this.#executor("usual", batch);
		executor.floats.set(input);
		executor.run("floats", batch);
		const layer = !head ? "pool" : output === "softmax" ? "probabilities" : "classifier";
		const rows = Array.from({ length: batch }, (_, n) => executor.read(layer, n));
		const result = new Float32Array(batch * rows[0]!.length);
		for (const [n, row] of rows.entries()) result.set(row, n * row.length);
		return result;
	}

	/**
	 * Times the network on this machine, the pictures being there already.
	 *
	 * @returns milliseconds a run of `batch` pictures; with `profile`, of every step by itself, and how fast this build
	 *   multiplies and adds at the most
	 * @example
	 * const { median } = await model.bench({ seconds: 1 });
	 */
	async bench({ batch = 1, seconds = 2, profile = false, signal }: BenchOptions = {}): Promise<Bench> {
		checkBatch(batch);
		if (!(seconds > 0 && seconds <= 3600))
			throw new MobileNetError(
				"usage",
				`seconds must be a number above 0 and up to 3600, not ${shown(seconds)}.`,
			);
		const executor = this.#executor("usual", batch);
		// Workers join when they are ready: what is timed is all of them.
		const latest = performance.now() + 5000;
		while (executor.threads() < this.threads && performance.now() < latest) {
			signal?.throwIfAborted();
			executor.run("bytes", batch);
			await new Promise((resolve) => setTimeout(resolve, 1));
		}
		signal?.throwIfAborted();
		const times = timeRuns(executor, batch, seconds);
		const { build } = this;
		if (!profile) return { build, threads: executor.threads(), batch, ...times };
		const steps = timeSteps(executor, batch, seconds);
		return {
			build,
			threads: executor.threads(),
			batch,
			...times,
			steps,
			peakFlops: peakFlops(this.#loaded, this.arithmetic, 0.3),
		};
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
	 * Writes the model to a safetensors file: weights, configuration, preprocessing, labels. Whole or not at all.
	 *
	 * @example
	 * await model.save("model.safetensors");
	 */
	async save(location: string | URL): Promise<void> {
		await writeLocation(location, writeModel(this.model));
	}

	/** Lets go of the memory. A disposed model can only be looked at. */
	dispose(): void {
		this.#disposed = true;
		for (const executor of this.#executors.values()) executor.dispose();
		this.#executors.clear();
	}

	[Symbol.dispose](): void {
		this.dispose();
	}

	async *#each<Result extends object>(
		sources: Iterable<PictureSource> | AsyncIterable<PictureSource>,
		{ batch = 1, signal }: PictureOptions,
		read: (executor: Executor, picture: number) => Result,
		until?: string,
	): AsyncGenerator<
		({ source: PictureSource } & Result) | { source: PictureSource; error: unknown },
		void,
		void
	> {
		checkBatch(batch);
		const group: Decoded[] = [];
		const run = (): (({ source: PictureSource } & Result) | { source: PictureSource; error: unknown })[] => {
			signal?.throwIfAborted();
			const executor = this.#executor("usual", batch);
			let pictures = 0;
			const places = group.map((decoded) => {
				if ("error" in decoded) return decoded;
				try {
					this.#prepare(decoded.pixels, executor, pictures);
					return { source: decoded.source, picture: pictures++ };
				} catch (error) {
					return { source: decoded.source, error };
				}
			});
			if (pictures > 0) executor.run("bytes", pictures, until);
			group.length = 0;
			return places.map((place) =>
				"error" in place ? place : { source: place.source, ...read(executor, place.picture) },
			);
		};
		this.#executor("usual", batch);
		const options = this.#decoding(signal);
		for await (const decoded of decodeAll(sources, options)) {
			group.push(decoded);
			if (group.length === batch) yield* run();
		}
		if (group.length > 0) yield* run();
	}

	#decoding(signal: AbortSignal | undefined) {
		return { signal, ...(this.#transparency ? { alpha: this.#transparency } : {}) };
	}

	async #pixels(source: PictureSource, signal: AbortSignal | undefined): Promise<Pixels> {
		signal?.throwIfAborted();
		return pixelsOf(source, this.#decoding(signal));
	}

	/** Puts a picture into its place in the batch. */
	#prepare(pixels: Pixels, executor: Executor, picture: number): void {
		const { size, inputChannels } = this.configuration;
		const { filter, fit } = this.model.preprocessing;
		const bytes = size * size * inputChannels;
		prepare(
			pixels,
			{
				size,
				channels: inputChannels,
				filter,
				fit,
				...(this.#transparency ? { alpha: this.#transparency } : {}),
			},
			executor.pixels.subarray(picture * bytes, (picture + 1) * bytes),
		);
	}

	/** The executor for a batch of that many and for keeping those layers; made anew only if the last will not do. */
	#executor(kind: "usual" | "features", batch: number, keep: readonly string[] = []): Executor {
		if (this.#disposed)
			throw new MobileNetError("disposed", "the model was disposed and cannot run: load it again.");
		const last = this.#executors.get(kind);
		if (last && last.plan.batch >= batch && keep.every((layer) => last.plan.activations.has(layer)))
			return last;
		const threads = kind === "usual" ? this.threads : 1;
		const options = { build: this.build, batch, keep, threads };
		// The old memory may go before there is a new one.
		last?.dispose();
		this.#executors.delete(kind);
		const executor = executorFor(this.model, this.arithmetic, options, this.#loaded);
		this.#executors.set(kind, executor);
		return executor;
	}
}

function isList(source: PictureSource | readonly PictureSource[]): source is readonly PictureSource[] {
	return Array.isArray(source);
}

function checkHead({ head }: Configuration): void {
	if (!head) throw new MobileNetError("usage", "the model has no classifier: use embed or features.");
}

function checkBatch(batch: number): void {
	if (!(Number.isInteger(batch) && batch >= 1))
		throw new MobileNetError("usage", `batch must be a whole number of at least 1, not ${shown(batch)}.`);
}
