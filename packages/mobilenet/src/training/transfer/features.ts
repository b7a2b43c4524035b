/**
 * The pooled features of the pictures, on which the new classifier is trained. What is computed is kept in the run's folder,
 * part by part, under a name made of all that it depends on: a run that was ended goes on where it stood.
 */

import { MobileNetError, messageOf } from "../../base/error.ts";
import { marker } from "../../base/marker.ts";
import type { Dataset } from "../../data/dataset.ts";
import { readSafetensors } from "../../formats/safetensors/safetensors.ts";
import { writeSafetensors } from "../../formats/safetensors/safetensors-writer.ts";
import { MobileNet } from "../../model/mobilenet.ts";
import { digestOf } from "../../weights/digest.ts";
import type { Model } from "../../weights/model.ts";
import { float32, int32, type Tensor } from "../../weights/tensor.ts";
import { type Embeddings, embeddingsOf } from "../embeddings.ts";
import { dataFingerprint } from "../fingerprint.ts";
import type { TransferOptions } from "./options.ts";

/** Pictures per run of the network. */
const batch = 8;
/** Pictures per file. */
const partPictures = 128;

export interface FeaturesOptions
	extends Pick<TransferOptions, "threads" | "build" | "signal" | "onProgress" | "folder"> {
	/** The stage in progress reports. */
	readonly source: string;
	/** Called for each picture that cannot be read; it is left out. */
	readonly onUnreadable: (message: string) => void;
	/** Ends the work after the current part; the parts that are done are kept. */
	readonly isStopping: () => boolean;
}

/** The features of pictures by a model; undefined if the work was stopped. */
export async function featuresOf(
	model: Model,
	dataset: Dataset,
	indices: Int32Array,
	options: FeaturesOptions,
): Promise<Embeddings | undefined> {
	const { threads, build, signal, onProgress, folder, source, onUnreadable, isStopping } = options;
	const wanted = indices.filter((index) => dataset.labels[index]! >= 0);
	const parts: Embeddings[] = [];
	let network: MobileNet | undefined;
	try {
		for (let first = 0; first < wanted.length; first += partPictures) {
			const own = wanted.slice(first, first + partPictures);
			const file = folder && `features-${keyOf(model, dataset, own)}.safetensors`;
			const kept = file && (await readPart(await folder.read(file), dataset));
			if (kept) {
				parts.push(kept);
				onProgress?.({ loaded: first + own.length, total: wanted.length, source });
				continue;
			}
			if (isStopping()) return undefined;
			network ??= await MobileNet.from(model, { arithmetic: "float", threads, build });
			const part = await embeddingsOf(network, dataset, own, {
				batch,
				onProgress: ({ loaded }) => onProgress?.({ loaded: first + loaded, total: wanted.length, source }),
				onUnreadable: (name, error) => {
					const message = messageOf(error);
					onUnreadable(`left out: ${message.includes(name) ? message : `${name}: ${message}`}`);
				},
				signal,
			});
			parts.push(part);
			// Where there is no room for it, the run does without.
			if (file && part.labels.length === own.length)
				await folder.write(file, partFile(part)).catch(() => undefined);
		}
	} finally {
		network?.dispose();
	}
	const features = joined(parts);
	if (features.labels.length === 0)
		throw new MobileNetError("picture", `none of the pictures of ${dataset.name} can be read.`);
	return features;
}

function keyOf(model: Model, dataset: Dataset, indices: Int32Array): string {
	const mark = marker();
	mark.text(digestOf(model));
	mark.text(dataFingerprint({ dataset, indices }).mark);
	return mark.value();
}

function partFile({ vectors, features, indices }: Embeddings): Uint8Array {
	return writeSafetensors(
		new Map<string, Tensor>([
			["vectors", float32(vectors, [indices.length, features])],
			["indices", int32(indices)],
		]),
	);
}

/** A part that was kept; undefined if there is none, or it is broken. */
async function readPart(bytes: Uint8Array | undefined, dataset: Dataset): Promise<Embeddings | undefined> {
	if (!bytes) return undefined;
	try {
		const { tensors } = readSafetensors(bytes, "features");
		const [vectors, indices] = [tensors.get("vectors"), tensors.get("indices")];
		if (vectors?.dtype !== "F32" || indices?.dtype !== "I32") return undefined;
		const labels = indices.data.map((index) => dataset.labels[index] ?? -1);
		return { vectors: vectors.data, features: vectors.shape[1]!, indices: indices.data, labels };
	} catch {
		return undefined;
	}
}

/** Features of several sets of pictures as one. */
export function joined(parts: readonly Embeddings[]): Embeddings {
	const rows = parts.reduce((sum, { labels }) => sum + labels.length, 0);
	const features = parts.find((part) => part.labels.length > 0)?.features ?? 0;
	const all = {
		features,
		vectors: new Float32Array(rows * features),
		indices: new Int32Array(rows),
		labels: new Int32Array(rows),
	};
	let row = 0;
	for (const part of parts) {
		all.vectors.set(part.vectors, row * features);
		all.indices.set(part.indices, row);
		all.labels.set(part.labels, row);
		row += part.labels.length;
	}
	return all;
}

/** The features of some of the pictures. */
export function selected(
	{ vectors, features, indices, labels }: Embeddings,
	isWanted: (index: number) => boolean,
): Embeddings {
	const rows = [...indices.keys()].filter((row) => isWanted(indices[row]!));
	const chosen = new Float32Array(rows.length * features);
	for (const [to, row] of rows.entries())
		chosen.set(vectors.subarray(row * features, (row + 1) * features), to * features);
	return {
		features,
		vectors: chosen,
		indices: Int32Array.from(rows, (row) => indices[row]!),
		labels: Int32Array.from(rows, (row) => labels[row]!),
	};
}
