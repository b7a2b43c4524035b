/**
 * The weights of TensorFlow.js models of either kind: the list of weights in a `model.json`, whose bytes lie in shards
 * beside it.
 *
 * Source: the tfjs-converter's README and tfjs-core's `io/types.ts` (`WeightsManifestConfig`).
 */
import { MobileNetError, shown } from "../../base/error.ts";
import { isJson } from "../../base/json.ts";
import { sizeOf, type Tensor } from "../../weights/tensor.ts";
import { refuse } from "../chain/units.ts";
import type { ModelFile } from "../file.ts";

/** Bytes a number. */
const widths = { float32: 4, int32: 4, uint8: 1, bool: 1, uint16: 2, float16: 2 } as const;
type Stored = keyof typeof widths;
const storedAsGiven: readonly unknown[] = ["float32", "int32", "uint8", "bool"] satisfies Stored[];
const storedQuantized: readonly unknown[] = ["uint8", "uint16", "float16"] satisfies Stored[];
/** Shards of so many groups are on their way at once: there may be a group a layer, each of a few bytes. */
const groupsAtOnce = 8;

interface Entry {
	readonly name: string;
	readonly shape: readonly number[];
	readonly stored: Stored;
	/** real = scale · code + min, of uint8 and uint16 codes. */
	readonly affine: { readonly scale: number; readonly min: number } | undefined;
}

interface Group {
	readonly paths: readonly string[];
	readonly entries: readonly Entry[];
	readonly size: number;
}

/**
 * The tensors of a weights manifest, by name.
 *
 * @throws MobileNetError `broken-file` where shards lack bytes, are missing, or the list is none
 */
export function readWeights(
	file: ModelFile,
	manifest: readonly unknown[],
): Promise<ReadonlyMap<string, Tensor>> {
	return readGroups(file, groupsOf(manifest, file.name));
}

function groupsOf(manifest: readonly unknown[], name: string): readonly Group[] {
	const known = new Set<string>();
	return manifest.map((value) => {
		const { paths, weights } = isJson(value) ? value : {};
		if (!Array.isArray(paths) || !Array.isArray(weights))
			return refuse(
				{ name },
				`its weightsManifest has ${shown(value)} where paths and weights were expected`,
				"broken-file",
			);
		for (const path of paths as unknown[]) {
			checkPath(path, name);
			// Each shard once: a small file could otherwise ask for any amount of memory.
			if (known.has(path))
				refuse({ name }, `its weightsManifest lists the shard ${shown(path)} twice`, "broken-file");
			known.add(path);
		}
		const entries = weights.map((entry) => entryOf(entry, name));
		return { paths, entries, size: entries.reduce((sum, entry) => sum + bytesOf(entry), 0) };
	});
}

/** Shards lie in the folder of the file or below it; `%2e%2e` and the like are ways out of it, too. */
function checkPath(path: unknown, name: string): asserts path is string {
	const segments = typeof path === "string" ? path.split("/") : [""];
	// biome-ignore lint/suspicious/noControlCharactersInRegex: a path with control characters is what this is after.
	if (segments.some((segment) => ["", ".", ".."].includes(segment) || /[\\:%?#\x00-\x1f]/.test(segment)))
		refuse(
			{ name },
			`its weightsManifest has the shard ${shown(path)} where the path of a file in its folder was expected`,
			"broken-file",
		);
}

function entryOf(value: unknown, name: string): Entry {
	const { name: weight, shape, dtype, quantization } = isJson(value) ? value : {};
	if (typeof weight !== "string" || !isShape(shape))
		return refuse(
			{ name },
			`its weightsManifest has ${shown(value)} where a name and a shape were expected`,
			"broken-file",
		);
	const quantized = isJson(quantization);
	const stored = quantized ? quantization.dtype : dtype;
	if (!(quantized ? storedQuantized : storedAsGiven).includes(stored))
		return refuse(
			{ name },
			`the weights ${weight} are stored as ${shown(stored)}, but only ${(quantized ? storedQuantized : storedAsGiven).join(", ")} are read${quantized ? " where they are quantized" : ""}`,
			"unsupported",
		);
	let affine: Entry["affine"];
	if (quantized && stored !== "float16") {
		const { scale, min } = quantization;
		if (typeof scale !== "number" || typeof min !== "number" || !Number.isFinite(scale * min))
			return refuse(
				{ name },
				`the weights ${weight} are quantized with ${shown(quantization)} where a scale and a min were expected`,
				"broken-file",
			);
		affine = { scale, min };
	}
	return { name: weight, shape, stored: stored as Stored, affine };
}

function isShape(value: unknown): value is readonly number[] {
	return (
		Array.isArray(value) &&
		value.length <= 8 &&
		value.every((n) => Number.isInteger(n) && n >= 0) &&
		sizeOf(value) <= Number.MAX_SAFE_INTEGER / 8
	);
}

function bytesOf({ shape, stored }: Entry): number {
	return sizeOf(shape) * widths[stored];
}

async function readGroups(file: ModelFile, groups: readonly Group[]): Promise<ReadonlyMap<string, Tensor>> {
	const tensors = new Map<string, Tensor>();
	for (let i = 0; i < groups.length; i += groupsAtOnce) {
		const some = groups.slice(i, i + groupsAtOnce);
		const contents = await Promise.all(some.map((group) => groupBytes(file, group)));
		for (const [g, { entries }] of some.entries()) {
			let offset = 0;
			for (const entry of entries) {
				const size = bytesOf(entry);
				tensors.set(
					entry.name.replace(/:0$/, ""),
					tensorOf(entry, contents[g]!.subarray(offset, offset + size)),
				);
				offset += size;
			}
		}
	}
	return tensors;
}

/** A group's shards as one. */
async function groupBytes(file: ModelFile, { paths, size }: Group): Promise<Uint8Array> {
	const shards: Uint8Array[] = [];
	let read = 0;
	for (const path of paths) {
		const shard = await shardAt(file, path);
		shards.push(shard);
		read += shard.length;
		if (read > size) break;
	}
	if (read !== size)
		refuse(
			file,
			`the shards ${shown(paths)} should have ${size} bytes for the weights in them, but they have ${read > size ? "more" : read}; they are cut short or not of this model`,
			"broken-file",
		);
	if (shards.length === 1) return shards[0]!;
	const whole = new Uint8Array(size);
	let offset = 0;
	for (const shard of shards) {
		whole.set(shard, offset);
		offset += shard.length;
	}
	return whole;
}

async function shardAt(file: ModelFile, path: string): Promise<Uint8Array> {
	try {
		return await file.beside(path);
	} catch (error) {
		if (!(error instanceof MobileNetError) || error.code !== "not-found") throw error;
		throw new MobileNetError("broken-file", `${file.name} lacks a part of its weights: ${error.message}`, {
			cause: error,
		});
	}
}

function tensorOf({ shape, stored, affine }: Entry, bytes: Uint8Array): Tensor {
	// A copy, since numbers must be aligned; not slice(), which in a Node Buffer makes none.
	const { buffer } = new Uint8Array(bytes);
	switch (stored) {
		case "float32":
			return { dtype: "F32", shape, data: new Float32Array(buffer) };
		case "float16":
			return { dtype: "F16", shape, data: new Uint16Array(buffer) };
		case "int32":
			return { dtype: "I32", shape, data: new Int32Array(buffer) };
		case "uint16":
		case "uint8":
		case "bool": {
			const codes = stored === "uint16" ? new Uint16Array(buffer) : new Uint8Array(buffer);
			if (!affine) return { dtype: "U8", shape, data: codes as Uint8Array<ArrayBuffer> };
			return {
				dtype: "F32",
				shape,
				data: Float32Array.from(codes, (code) => affine.scale * code + affine.min),
			};
		}
	}
}
