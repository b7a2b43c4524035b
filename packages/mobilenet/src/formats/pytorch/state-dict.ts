/**
 * The weights in what `torch.save` was given: a state dict, a checkpoint that has one among other things, or TorchScript's
 * objects, whose attributes are the same names. A module saved whole is code to be imported, and refused with what to do.
 */
import { shown } from "../../base/error.ts";
import { refuse } from "../chain/units.ts";
import type { TorchFile } from "./file.ts";
import { isCall, type PickleCall, type PickleMap, type PickleValue } from "./pickle-machine.ts";
import { type StoredTensor, tensorOf } from "./storages.ts";

/** Tensors by name, such as `layers.0.0.weight`. */
export interface StateDict {
	readonly tensors: ReadonlyMap<string, StoredTensor>;
	/** What is unusual about it, a sentence each. */
	readonly notes: readonly string[];
}

/** What checkpoints call the weights, in the order in which they are taken; averages of them come after any other. */
const preferred: readonly RegExp[] = [
	/^(model_?)?state_?dict$/i,
	/^(model|net|network|module)$/i,
	/(state_?dict|model|net|weights|params)/i,
	/./,
	/ema|average|swa|teacher/i,
	/optim|sched|scaler/i,
];
/** Checkpoints are looked through to this depth, and objects of TorchScript lie in each other so deep. */
const deepest = { checkpoint: 4, script: 24 } as const;
/** Values that are looked at, and letters that names of TorchScript's tensors have together. */
const most = { values: 20_000, letters: 200_000 } as const;
/** An error names so many things of a file. */
const mostNamed = 6;

interface Found {
	/** Keys from the root on. */
	readonly path: readonly string[];
	readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** The state dict of a file. */
export function stateDictOf(file: TorchFile): StateDict {
	if (file.isScript) return { tensors: attributesOf(file), notes: [] };
	const { found, module, quantized } = searched(file);
	if (quantized)
		refuse(
			file,
			"its tensors are quantized by PyTorch; take the network before it was quantized, or one of ONNX or TensorFlow Lite",
			"unsupported",
		);
	const [first, ...others] = found.toSorted((a, b) => rankOf(a) - rankOf(b));
	if (first) {
		// An optimizer has a few tensors for each of the weights.
		const also = others
			.filter(({ tensors }) => 2 * tensors.size > first.tensors.size)
			.map(({ path }) => path.join("."));
		const notes =
			also.length > 0
				? [
						`It is a checkpoint with the weights ${first.path.join(".")}, which are taken, and with ${also.slice(0, mostNamed).join(", ")}.`,
					]
				: [];
		return { tensors: first.tensors, notes };
	}
	if (module !== undefined)
		return refuse(
			file,
			`it holds a whole module of PyTorch (${module}), which is code to be imported; save its weights: torch.save(model.state_dict(), "model.pth")`,
			"unsupported",
		);
	return refuse(file, `it holds no state dict with weights of convolutions, but ${described(file.root)}`);
}

/** All dictionaries with weights of convolutions, and the class of a module that was saved whole, the root first. */
function searched(file: TorchFile): {
	readonly found: readonly Found[];
	readonly module: string | undefined;
	readonly quantized: boolean;
} {
	const found: Found[] = [];
	let module: string | undefined;
	let quantized = false;
	const seen = new Set<PickleValue>();
	const queue: { readonly value: PickleValue; readonly path: readonly string[] }[] = [
		{ value: file.root, path: [] },
	];
	const add = (value: PickleValue, path: readonly string[]): void => {
		if (typeof value === "object" && path.length <= deepest.checkpoint && queue.length < most.values)
			queue.push({ value, path });
	};
	for (const { value, path } of queue) {
		if (seen.has(value)) continue;
		seen.add(value);
		if (value instanceof Map) {
			const tensors = new Map<string, StoredTensor>();
			for (const [key, entry] of value) {
				const tensor = tensorOf(entry, file);
				if (tensor && typeof key === "string") tensors.set(key, tensor);
				else add(entry, [...path, String(key)]);
				const packed = typeof key === "string" && key.endsWith("._packed_params");
				if (packed || (isCall(entry) && entry.of === "torch._utils._rebuild_qtensor")) quantized = true;
			}
			if ([...tensors.values()].some(({ shape }) => shape.length === 4)) found.push({ path, tensors });
		} else if (Array.isArray(value))
			for (const [i, entry] of value.entries()) add(entry, [...path, String(i)]);
		else if (isCall(value) && module === undefined && isModule(value)) module = value.of;
	}
	return { found, module, quantized };
}

/** An object of a module, or what PyTorch before 0.4 kept of one: its class with the source. */
function isModule({ state, of, arguments: [id] }: PickleCall): boolean {
	const isOld = of === "persistent id" && Array.isArray(id) && id[0] === "module";
	return isOld || (state instanceof Map && state.has("_modules") && state.has("_parameters"));
}

function rankOf({ path }: Found): number {
	const all = path.join(".");
	// The last ones count wherever they stand: an optimizer's own state is no model's.
	for (let rank = preferred.length - 1; rank >= preferred.length - 2; rank--)
		if (preferred[rank]!.test(all)) return rank;
	return path.length === 0 ? -1 : preferred.findIndex((name) => name.test(path[0]!));
}

/** The tensors of TorchScript's objects by the names of their attributes. */
function attributesOf(file: TorchFile): ReadonlyMap<string, StoredTensor> {
	const tensors = new Map<string, StoredTensor>();
	const seen = new Set<PickleValue>();
	let letters = 0;
	const walk = (value: PickleValue, prefix: string, depth: number): void => {
		if (!isCall(value) || !(value.state instanceof Map) || seen.has(value)) return;
		seen.add(value);
		for (const [name, entry] of value.state) {
			if (typeof name !== "string") continue;
			const tensor = tensorOf(entry, file);
			const path = `${prefix}${name}`;
			letters += path.length;
			if (letters > most.letters || depth > deepest.script)
				refuse(file, "its objects lie in each other deeper than those of any network", "broken-file");
			if (tensor) tensors.set(path, tensor);
			else walk(entry, `${path}.`, depth + 1);
		}
	};
	walk(file.root, "", 0);
	if (![...tensors.values()].some(({ shape }) => shape.length === 4))
		refuse(
			file,
			"it is of TorchScript, and its weights are no attributes of its modules, as after torch.jit.freeze or quantization; save the network's weights: torch.save(model.state_dict(), …)",
			"unsupported",
		);
	return tensors;
}

function described(root: PickleValue): string {
	if (root instanceof Map) {
		const keys = [...(root as PickleMap).keys()].slice(0, mostNamed).map(shown);
		return keys.length > 0
			? `a dictionary of ${keys.join(", ")}${root.size > mostNamed ? ", …" : ""}`
			: "an empty dictionary";
	}
	if (Array.isArray(root)) return `a list of ${root.length} values`;
	if (isCall(root)) return `an object of the class ${root.of.slice(0, 100)}`;
	return shown(root);
}
