/**
 * A training run as one file: the current weights, the best ones so far, the optimizer's state and the progress. It is
 * one file so that no mixture of two moments can ever be read. It is also a model that `MobileNet.load` takes.
 */
import { MobileNetError, shown } from "../base/error.ts";
import { parseJson } from "../base/json.ts";
import { readModelFile } from "../formats/safetensors/model-file.ts";
import { modelMetadata } from "../formats/safetensors/model-writer.ts";
import { readSafetensors } from "../formats/safetensors/safetensors.ts";
import { writeSafetensors } from "../formats/safetensors/safetensors-writer.ts";
import type { Model } from "../weights/model.ts";
import type { Tensor } from "../weights/tensor.ts";
import type { EpochReport, Validation } from "./events.ts";
import type { DataFingerprint } from "./fingerprint.ts";
import type { TrainingSettings } from "./options.ts";

/** How far a run has come; plain data. */
export interface RunProgress {
	/** Finished epochs. */
	readonly epoch: number;
	/** Steps done in the current epoch, and in all. */
	readonly position: number;
	readonly step: number;
	/** Sums over the current epoch. */
	readonly loss: number;
	readonly pictures: number;
	/** Seconds spent on the current epoch. */
	readonly seconds: number;
	readonly history: readonly EpochReport[];
	/** Validation of the network that the run started with, if `keepStart` asked for it. */
	readonly start?: Validation | undefined;
	/** Names of pictures that could not be read, so that each is reported once. */
	readonly unreadable: readonly string[];
	/** Whether nothing is left to do. */
	readonly finished: boolean;
}

/** What determines a run: two runs of the same identity give the same result. */
export interface RunIdentity {
	readonly settings: TrainingSettings;
	readonly training: DataFingerprint;
	readonly validation: DataFingerprint | null;
	/** The digest of the network that it started with. */
	readonly model: string;
	/** The teacher's name, and the weights of the losses. */
	readonly teacher: string | null;
	/** Whether the network at the start may be kept as the best. */
	readonly keepStart: boolean;
	/** Which epoch's network is kept, if not the best one's. */
	readonly keeps?: "last";
}

export interface Checkpoint {
	readonly identity: RunIdentity;
	readonly progress: RunProgress;
	readonly model: Model;
	/** The optimizer's state. */
	readonly state: ReadonlyMap<string, Tensor>;
	/** The best epoch's network, if one was validated. */
	readonly best: Model | undefined;
}

const key = "mobilenet_training";
const formatVersion = 1;
const prefixes = { state: "state.", best: "best." } as const;

/** Encodes a checkpoint as a safetensors file. */
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
 * Decodes a checkpoint from the bytes of its file.
 *
 * @param name the file's name in errors
 * @throws MobileNetError `broken-file` or `unsupported`
 */
export function decodeCheckpoint(bytes: Uint8Array, name: string): Checkpoint {
	const whole = readModelFile(bytes, name);
	const text = readSafetensors(bytes, name).metadata[key];
	if (text === undefined)
		throw new MobileNetError("broken-file", `${name} is a model, but not a checkpoint of a training run.`);
	const { format_version: version, identity, progress } = parse(text, name);
	if (version !== formatVersion)
		throw new MobileNetError(
			"unsupported",
			`${name} is a checkpoint of format_version ${shown(version)}, but this version of mobilenet reads only ${formatVersion}.`,
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
		identity: withCurrentNames(identity as RunIdentity),
		progress: progress as RunProgress,
		model: { ...whole, tensors: parts.model },
		state: parts.state,
		best: parts.best.size > 0 ? { ...whole, tensors: parts.best } : undefined,
	};
}

/** Renames the setting that version 0.1.0 spelled differently. */
function withCurrentNames(identity: RunIdentity): RunIdentity {
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
		// Reported below.
	}
	throw new MobileNetError(
		"broken-file",
		`${name}: its metadata ${key} does not say how far the run has come.`,
	);
}

/** Names of settings in errors, where they differ from the field's own name. */
const settingNames: Readonly<Partial<Record<keyof TrainingSettings, string>>> = {
	batch: "batch size",
	microBatch: "micro-batch size",
	clip: "limit on the gradients' norm",
	average: "moving average",
	from: "first layer that learns",
	frozenNorm: "frozen batch norm",
};

/**
 * The first difference between a saved run and the one that would resume it, as a clause for an error; undefined if there
 * is none.
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
		return `its ${what} data have the same number of pictures as before, but different pictures or classes`;
	}
	const names = new Set([...Object.keys(saved.settings), ...Object.keys(now.settings)]);
	for (const name of names as Set<keyof TrainingSettings>) {
		const [before, after] = [saved.settings[name], now.settings[name]];
		if (same(before, after)) continue;
		const called = settingNames[name] ?? name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
		const text = (value: unknown) => (value === undefined ? "not set" : shown(value));
		return `its ${called} was ${text(before)} and is now ${text(after)}`;
	}
	if (saved.teacher !== now.teacher) return "its teacher, or the teacher's weight in the loss, was different";
	// The digest of version 0.1.0 was the first half of today's.
	if (!now.model.startsWith(saved.model)) return "it started with another network or other weights";
	return undefined;
}

/** Compares values as JSON would store them: undefined fields count as absent. */
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
