/**
 * A run as one file: the weights as they stand, the best ones so far, all that the optimizer remembers, and where the
 * run is. One file, so that no mixture of two moments can ever be read; and it is a model too, which `MobileNet.load`
 * takes.
 */
import { MobileNetError, shown } from "../base/error.ts";
import { parseJson } from "../base/json.ts";
import { modelMetadata, readModelFile } from "../formats/safetensors/model-file.ts";
import { readSafetensors, writeSafetensors } from "../formats/safetensors/safetensors.ts";
import type { Model } from "../weights/model.ts";
import type { Tensor } from "../weights/tensor.ts";
import type { EpochReport, Validation } from "./events.ts";
import type { DataFingerprint } from "./fingerprint.ts";
import type { TrainingSettings } from "./options.ts";

/** Where a run is; plain data. */
export interface RunProgress {
	/** Epochs that are done. */
	readonly epoch: number;
	/** Steps done in the epoch under way, and in all. */
	readonly position: number;
	readonly step: number;
	/** Sums over the epoch under way. */
	readonly loss: number;
	readonly pictures: number;
	/** Seconds spent on it. */
	readonly seconds: number;
	readonly history: readonly EpochReport[];
	/** How good the network was that the run began with, where that was asked for. */
	readonly start?: Validation | undefined;
	/** Names of pictures that could not be read, so that each is told once. */
	readonly unreadable: readonly string[];
	/** Whether there is nothing more to do. */
	readonly finished: boolean;
}

/** What a run was started with: another one with the same comes to the same. */
export interface RunIdentity {
	readonly settings: TrainingSettings;
	readonly training: DataFingerprint;
	readonly validation: DataFingerprint | null;
	/** The digest of the network that it began with. */
	readonly model: string;
	/** The teacher's name and weights in the loss. */
	readonly teacher: string | null;
	/** Whether the start may be the best. */
	readonly keepStart: boolean;
}

export interface Checkpoint {
	readonly identity: RunIdentity;
	readonly progress: RunProgress;
	readonly model: Model;
	/** The optimizer's. */
	readonly state: ReadonlyMap<string, Tensor>;
	/** The best epoch's network, where one was validated. */
	readonly best: Model | undefined;
}

const key = "mobilenet_training";
const formatVersion = 1;
const prefixes = { state: "state.", best: "best." } as const;

/** A checkpoint as the bytes of a safetensors file. */
export function encodeCheckpoint({ identity, progress, model, state, best }: Checkpoint): Uint8Array {
	const tensors = new Map(model.tensors);
	for (const [name, tensor] of state) tensors.set(prefixes.state + name, tensor);
	if (best) for (const [name, tensor] of best.tensors) tensors.set(prefixes.best + name, tensor);
	return writeSafetensors(tensors, {
		...modelMetadata(model),
		[key]: JSON.stringify({ format_version: formatVersion, identity, progress }),
	});
}

/**
 * A checkpoint from the bytes of its file.
 *
 * @param name how errors call the file
 * @throws MobileNetError `broken-file` or `unsupported`
 */
export function decodeCheckpoint(bytes: Uint8Array, name: string): Checkpoint {
	const whole = readModelFile(bytes, name);
	const text = readSafetensors(bytes, name).metadata[key];
	if (text === undefined)
		throw new MobileNetError("broken-file", `${name} is a model, but no checkpoint of a training run.`);
	const { format_version: version, identity, progress } = parse(text, name);
	if (version !== formatVersion)
		throw new MobileNetError(
			"unsupported",
			`${name} is a checkpoint of format_version ${shown(version)}, but this version of mobilenet goes on from ${formatVersion} only.`,
		);
	const parts = {
		model: new Map<string, Tensor>(),
		state: new Map<string, Tensor>(),
		best: new Map<string, Tensor>(),
	};
	for (const [tensorName, tensor] of whole.tensors) {
		const part = tensorName.startsWith(prefixes.state)
			? "state"
			: tensorName.startsWith(prefixes.best)
				? "best"
				: "model";
		parts[part].set(part === "model" ? tensorName : tensorName.slice(prefixes[part].length), tensor);
	}
	return {
		identity: withToday(identity as RunIdentity),
		progress: progress as RunProgress,
		model: { ...whole, tensors: parts.model },
		state: parts.state,
		best: parts.best.size > 0 ? { ...whole, tensors: parts.best } : undefined,
	};
}

/** Version 0.1.0 spelled one setting otherwise. */
function withToday(identity: RunIdentity): RunIdentity {
	const { optimiser, ...settings } = identity.settings as TrainingSettings & {
		readonly optimiser?: TrainingSettings["optimizer"];
	};
	return optimiser === undefined
		? identity
		: { ...identity, settings: { ...settings, optimizer: optimiser } };
}

function parse(text: string, name: string): Record<string, unknown> {
	try {
		const json = parseJson(text) as Record<string, unknown>;
		const { identity, progress } = json as { identity?: RunIdentity; progress?: RunProgress };
		const numbers = [progress?.epoch, progress?.position, progress?.step, progress?.loss, progress?.pictures];
		if (
			identity?.settings !== undefined &&
			identity.training !== undefined &&
			Array.isArray(progress?.history) &&
			Array.isArray(progress.unreadable) &&
			numbers.every((value) => typeof value === "number" && value >= 0)
		)
			return json;
	} catch {
		// Told below.
	}
	throw new MobileNetError("broken-file", `${name}: its metadata ${key} does not say where the run is.`);
}

/** How people call the settings, where that is not their own name in words. */
const words: Readonly<Partial<Record<keyof TrainingSettings, string>>> = {
	batch: "batch size",
	microBatch: "micro-batch size",
	clip: "limit of the gradients' norm",
	average: "moving average",
	from: "first layer that learns",
	frozenNorm: "frozen batch norm",
};

/**
 * What differs between a run and what it is to go on with, as a clause for an error; undefined where nothing does.
 *
 * @example
 * differenceOf(saved, now) // "its batch size was 32 and is now 64"
 */
export function differenceOf(saved: RunIdentity, now: RunIdentity): string | undefined {
	for (const [what, before, after] of [
		["training", saved.training, now.training],
		["validation", saved.validation, now.validation],
	] as const) {
		if (same(before, after)) continue;
		if (!before || !after)
			return `it had ${before ? "" : "no "}${what} pictures and now has ${after ? "some" : "none"}`;
		if (before.pictures !== after.pictures || before.classes !== after.classes)
			return `its ${what} data were ${before.pictures} pictures of ${before.classes} classes and are now ${after.pictures} of ${after.classes}`;
		return `its ${what} data are as many pictures as before, but other ones, or of other classes`;
	}
	const names = new Set([...Object.keys(saved.settings), ...Object.keys(now.settings)]);
	for (const name of names as Set<keyof TrainingSettings>) {
		const [before, after] = [saved.settings[name], now.settings[name]];
		if (same(before, after)) continue;
		const called = words[name] ?? name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
		const told = (value: unknown) => (value === undefined ? "not set" : shown(value));
		return `its ${called} was ${told(before)} and is now ${told(after)}`;
	}
	if (saved.teacher !== now.teacher) return "its teacher was another one, or weighed otherwise";
	// The digest of version 0.1.0 was the first half of today's.
	if (!now.model.startsWith(saved.model)) return "it began with another network or other weights";
	return undefined;
}

/** As they come back from JSON: what is undefined is not there. */
function same(a: unknown, b: unknown): boolean {
	return canonical(a) === canonical(b);
}

function canonical(value: unknown): string | undefined {
	return JSON.stringify(value, (_, part: unknown) =>
		typeof part === "object" && part !== null && !Array.isArray(part)
			? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
			: part,
	);
}
