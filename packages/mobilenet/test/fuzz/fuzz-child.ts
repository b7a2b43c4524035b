/**
 * The process in which changed files are read, one a message, and watched from outside (fuzz.ts): it may hang or end.
 * Every answer says whether there was a model or a MobileNetError, how long it took, and what was allocated for it.
 *
 * What was allocated is counted exactly: the growth, from before the reading to after it, of the memory outside V8's
 * heap, to which array buffers belong, and of the heap's spaces for large objects (from some 128 KiB on), such as long
 * strings and arrays. The process is started with young generations so large that no garbage is collected in between, and
 * collects before a reading when much has gathered: so not only what is kept is counted, but all that there ever was.
 * Should V8 collect all the same, the heap had grown by tens of mebibytes, and that is refused, too. Small objects are
 * left out of the exact count: V8 makes one of every number until it has compiled the code.
 */
import process from "node:process";
import { GCProfiler, getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import { MobileNetError } from "../../src/base/error.ts";
import type { ModelFile } from "../../src/formats/file.ts";
import { openFile } from "../../src/formats/opened.ts";
import { readOpened } from "../../src/formats/read.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import type { Model } from "../../src/weights/model.ts";
import { processorTime } from "../support/processor-time.ts";
import { changed, type Input } from "./changes.ts";
import { type ModelFiles, modelFiles } from "./files.ts";
import type { Outcome } from "./fuzz.ts";

export const limits = {
	/** Of the processor: a second. */
	milliseconds: 1000,
	/** Times the size of the files. */
	times: 4,
	/** In bytes: what a reader takes for itself, whatever it reads. */
	besides: 64 * 2 ** 10,
} as const;
const attempts = 4;
/** In bytes: garbage that may gather before it is collected. */
const gathered = 48 * 2 ** 20;
/** In bytes: what was left by the last collection. */
let kept = 0;

/** The model of the last message, whole: most come one after the other. */
interface Whole {
	readonly name: string;
	readonly files: ModelFiles;
	/** Undefined where the whole file is refused, too. */
	readonly output: Float32Array | undefined;
}
let whole: Whole | undefined;

process.on("message", (input: Input) => {
	check(input).then(
		(outcome) => process.send!(outcome),
		(error: unknown) => process.send!({ failure: `the check itself failed: ${String(error)}` }),
	);
});

async function check(input: Input): Promise<Outcome> {
	if (whole?.name !== input.model) whole = await readWhole(input.model);
	const { files, output } = whole;
	const part = files.parts.get(input.part)!;
	const parts = new Map(files.parts).set(input.part, changed(part, input.changes));
	const file = inMemory({ main: files.main, parts });
	const size = [...parts.values()].reduce((sum, bytes) => sum + bytes.length, 0);

	let tried = await attempt(file);
	// Whether it always takes long, or code was compiled meanwhile; and collections come by chance, too.
	for (let i = 1; i < attempts && (tried.milliseconds > limits.milliseconds || tried.collected); i++)
		tried = await attempt(file);
	const { result, milliseconds, allocated, collected } = tried;
	const outcome = { milliseconds, allocated, size };
	if (milliseconds > limits.milliseconds)
		return { ...outcome, failure: `it took ${milliseconds.toFixed(0)} milliseconds` };
	if (allocated > limits.times * size + limits.besides)
		return { ...outcome, failure: `${allocated} bytes were allocated for ${size} bytes of files` };
	if (collected)
		return { ...outcome, failure: `the heap grew by tens of mebibytes for ${size} bytes of files` };
	if (!("model" in result)) {
		const { error } = result;
		if (!(error instanceof MobileNetError))
			return {
				...outcome,
				failure: `another error: ${error instanceof Error ? error.stack : String(error)}`,
			};
		if (!error.message.startsWith(files.main) || !/^\P{Cc}{1,2000}\.$/u.test(error.message))
			return { ...outcome, failure: `no sentence that begins with the file's name: ${error.message}` };
		return { ...outcome, refused: error.code };
	}

	const isWholeBefore =
		input.changes.length > 0 &&
		input.changes.every(
			(change) => change.kind === "cut" || (change.kind === "grow" && change.at === part.length),
		);
	if (!isWholeBefore && !input.run) return outcome;
	try {
		const now = await outputOf(result.model);
		if (isWholeBefore && !(output && equal(now, output)))
			return {
				...outcome,
				failure: `cut short or grown, it was read${output ? ", and its outputs are others" : " though the whole file is refused"}`,
			};
	} catch (error) {
		if (!(error instanceof MobileNetError)) return { ...outcome, failure: `running it: ${String(error)}` };
	}
	return outcome;
}

type Result = { readonly model: Model } | { readonly error: unknown };

interface Attempt {
	readonly result: Result;
	readonly milliseconds: number;
	/** In bytes, outside the heap and as large objects in it. */
	readonly allocated: number;
	/** Whether garbage was collected meanwhile. */
	readonly collected: boolean;
}

async function attempt(file: ModelFile): Promise<Attempt> {
	if (memory().all - kept > gathered) {
		globalThis.gc!();
		kept = memory().all;
	}
	const profiler = new GCProfiler();
	profiler.start();
	const before = memory();
	const spent = processorTime();
	let result: Result;
	try {
		result = { model: await read(file) };
	} catch (error) {
		result = { error };
	}
	const milliseconds = spent();
	const allocated = memory().large - before.large;
	return { result, milliseconds, allocated, collected: profiler.stop().statistics.length > 0 };
}

async function read(file: ModelFile): Promise<Model> {
	return readOpened(await openFile(file));
}

async function readWhole(name: string): Promise<Whole> {
	const files = await modelFiles(name);
	// Three times, so that the reader is compiled before it is measured.
	for (let i = 0; i < 2; i++) await read(inMemory(files)).catch(() => {});
	const model = await read(inMemory(files)).catch(() => undefined);
	return { name, files, output: model && (await outputOf(model)) };
}

async function outputOf(model: Model): Promise<Float32Array> {
	const mobilenet = await MobileNet.from(model);
	const { size, inputChannels } = model.configuration;
	const output = await mobilenet.run(
		Float32Array.from({ length: size * size * inputChannels }, (_, i) => Math.sin(i)),
	);
	mobilenet.dispose();
	return output;
}

function inMemory({ main, parts }: ModelFiles): ModelFile {
	return {
		name: main,
		bytes: parts.get(main)!,
		beside: async (path) => {
			const bytes = parts.get(path);
			if (bytes) return bytes;
			throw new MobileNetError("not-found", `${path} cannot be read: there is no such file.`);
		},
	};
}

function equal(a: Float32Array, b: Float32Array): boolean {
	return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}

function memory(): { readonly large: number; readonly all: number } {
	const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
	const large = getHeapSpaceStatistics()
		.filter(({ space_name: name }) => name.includes("large_object"))
		.reduce((sum, space) => sum + space.space_used_size, external);
	return { large, all: heap + external };
}
