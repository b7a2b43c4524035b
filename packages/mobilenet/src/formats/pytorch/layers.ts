/**
 * The layers of a network by its weights' names and shapes, as PyTorch names them: `module.weight`, `module.running_mean`.
 * What a module is called means nothing here; kinds, shapes and order leave one reading of a MobileNet v1: the only 3×3
 * convolution over all channels is the first, the depthwise ones follow in order, and a pointwise one fits after each.
 */
import { shown } from "../../base/error.ts";
import type { Reading } from "../chain/chain.ts";
import { blockCounts, refuse } from "../chain/units.ts";
import type { WeightedLayer } from "../chain/weights-alone.ts";
import type { StoredTensor } from "./storages.ts";

export interface Layers {
	/** Those of the network, in its order. */
	readonly layers: readonly WeightedLayer[];
	readonly inputChannels: number;
	/** Names of all modules with weights. */
	readonly modules: readonly string[];
	readonly notes: readonly string[];
}

/** A module by its tensors. */
interface Module {
	readonly name: string;
	readonly tensors: ReadonlyMap<string, StoredTensor>;
	readonly kind: Kind;
	/** [out, in, height, width] of a convolution, [out, in] of a dense layer, [channels] of a batch norm. */
	readonly shape: readonly number[];
}

/** `full` is a 3×3 convolution over all channels, `thin` one over a single one, `point` a 1×1 one. */
type Kind = "full" | "thin" | "point" | "convolution" | "dense" | "batchNorm" | "other";

/** No file of a MobileNet v1 has so many tensors, with all that stands beside it. */
const mostTensors = 5000;
const longestName = 1000;
/** Tensors that say nothing of what a network computes. */
const counters: readonly string[] = ["num_batches_tracked"];
/** An error names so many layers. */
const mostNamed = 4;

/** @param sorted whether the file has its tensors in the order of their names, and not in that of the network */
export function layersOf(
	tensors: ReadonlyMap<string, StoredTensor>,
	sorted: boolean,
	about: Pick<Reading, "name">,
): Layers {
	if (tensors.size > mostTensors)
		refuse(about, `it has ${tensors.size} tensors, where one has a few hundred`);
	const long = [...tensors.keys()].find(({ length }) => length > longestName);
	if (long !== undefined) refuse(about, `one of its tensors has a name of ${long.length} letters`);
	const modules = sorted ? modulesOf(tensors).toSorted(byName) : modulesOf(tensors);
	const trunk = trunkOf(modules, about);
	const norms = normsOf(trunk, modules, about);
	const used = new Set<Module>([...trunk, ...norms.values()]);
	const rest = modules.filter((module) => !used.has(module));
	const features = trunk.at(-1)!.shape[0]!;
	const [only] = rest.length === 1 ? rest : [];
	const isHead = (only?.kind === "dense" || only?.kind === "point") && only.shape[1] === features;
	if (!isHead) checkBetween(modules, used, about);
	const layers = trunk.flatMap((module, i): WeightedLayer[] => {
		const norm = norms.get(module);
		const kind = i % 2 === 1 ? "depthwise" : "convolution";
		return [convolutionOf(module, kind), ...(norm ? [batchNormOf(norm)] : [])];
	});
	layers.push({ kind: "pool", name: "pool" });
	if (only && isHead) layers.push({ kind: "dropout", name: "dropout" }, classifierOf(only));
	return {
		layers,
		inputChannels: trunk[0]!.shape[1]!,
		modules: modules.map(({ name }) => name),
		notes:
			rest.length === 0 || isHead
				? []
				: [
						`Weights do not say what comes between its other layers (${named(rest)}), which are left out: the network ends with its features.`,
					],
	};
}

function modulesOf(tensors: ReadonlyMap<string, StoredTensor>): readonly Module[] {
	const byModule = new Map<string, Map<string, StoredTensor>>();
	for (const [name, tensor] of tensors) {
		const dot = name.lastIndexOf(".");
		const [module, part] = [name.slice(0, Math.max(dot, 0)), name.slice(dot + 1)];
		if (counters.includes(part)) continue;
		const parts = byModule.get(module);
		if (parts) parts.set(part, tensor);
		else byModule.set(module, new Map([[part, tensor]]));
	}
	return [...byModule].map(([name, parts]) => ({ name, tensors: parts, ...kindOf(parts) }));
}

function kindOf(tensors: ReadonlyMap<string, StoredTensor>): Pick<Module, "kind" | "shape"> {
	const weight = tensors.get("weight")?.shape;
	const mean = tensors.get("running_mean")?.shape;
	if (mean?.length === 1 && tensors.has("running_var")) return { kind: "batchNorm", shape: mean };
	if (weight?.length === 2) return { kind: "dense", shape: weight };
	if (weight?.length !== 4) return { kind: "other", shape: [] };
	const [, inputs, height, width] = weight;
	const is = (side: number): boolean => height === side && width === side;
	if (is(3)) return { kind: inputs === 1 ? "thin" : "full", shape: weight };
	return { kind: is(1) ? "point" : "convolution", shape: weight };
}

/** First those that are first by their names, last those that are of a classifier; numbers count as such. */
function byName(a: Module, b: Module): number {
	return placeOf(a.name) - placeOf(b.name) || collator.compare(a.name, b.name);
}

const collator = new Intl.Collator("en", { numeric: true });
const first = /^(conv_?stem|stem|first_conv|init_block|conv_?0|conv_?1|bn_?0|bn_?1)$/;
const last = /^(classifier|fc|linear|head|output|logits)$/;

function placeOf(name: string): number {
	const parts = name.split(".");
	if (parts.some((part) => last.test(part))) return 1;
	const at = parts.findIndex((part) => first.test(part));
	// Behind a number it is one of a block's.
	return at >= 0 && !parts.slice(0, at).some((part) => /^\d+$/.test(part)) ? -1 : 0;
}

/** The first convolution, then a depthwise and a pointwise one for every block. */
function trunkOf(modules: readonly Module[], about: Pick<Reading, "name">): readonly Module[] {
	const thin = modules.filter(({ kind }) => kind === "thin");
	const points = modules.filter(({ kind }) => kind === "point");
	if (thin.length === 0 && !modules.some(({ kind }) => kind === "full"))
		refuse(about, `it has no 3×3 convolutions, but ${named(modules)}`);
	const stem = modules.find(({ kind }) => kind === "full") ?? grayStem(modules, about);
	const depthwise = thin.filter((module) => module !== stem);
	const { length } = depthwise;
	if (length !== blockCounts.full && length !== blockCounts.shallow)
		return refuse(
			about,
			`it has ${length || "no"} depthwise 3×3 convolutions, where ${blockCounts.full} were expected, or ${blockCounts.shallow} in the shallow network (its first layers are ${named(modules)})${resemblance(modules, length)}`,
		);
	const trunk = [stem];
	for (const [i, module] of depthwise.entries()) {
		const [channels] = module.shape as [number];
		const next = depthwise[i + 1]?.shape[0];
		if (trunk.at(-1)!.shape[0] !== channels)
			refuse(
				about,
				`the depthwise convolution ${module.name} has ${channels} channels, where the ${trunk.at(-1)!.shape[0]} outputs of ${trunk.at(-1)!.name} come before it`,
			);
		// The last block has as many outputs as inputs in every MobileNet v1, the classifier another number.
		const wanted = next === undefined ? [channels, undefined] : [next];
		const point = wanted
			.map((outputs) =>
				points.find(({ shape }) => shape[1] === channels && (outputs === undefined || shape[0] === outputs)),
			)
			.find((found) => found !== undefined);
		if (!point)
			return refuse(
				about,
				`no 1×1 convolution from ${channels} channels${next === undefined ? "" : ` to ${next}`} comes after the depthwise one ${module.name}`,
			);
		points.splice(points.indexOf(point), 1);
		trunk.push(module, point);
	}
	return trunk;
}

/**
 * The first convolution of a gray network, which looks like a depthwise one: the only one without a pointwise one after it,
 * or the one with a name for it.
 */
function grayStem(modules: readonly Module[], about: Pick<Reading, "name">): Module {
	const convolutions = modules.filter(({ kind }) => kind === "thin" || kind === "point");
	const alone = convolutions.filter(
		({ kind }, i) => kind === "thin" && convolutions[i + 1]?.kind !== "point",
	);
	const called = convolutions.filter(({ kind, name }) => kind === "thin" && placeOf(name) < 0);
	const [stem] = alone.length === 1 ? alone : called.length === 1 ? called : [];
	return (
		stem ??
		refuse(
			about,
			`which of its 3×3 convolutions over one channel (${named(convolutions)}) is the first is not told by their order or names`,
			"unsupported",
		)
	);
}

/** Which other network of the family it looks like, as the end of a sentence. */
function resemblance(modules: readonly Module[], depthwise: number): string {
	if (depthwise === 17) return "; it looks like MobileNet v2";
	const isLater = modules.some(({ name }) => /(^|\.)(conv_pwl|se)(\.|$)/.test(name));
	return isLater ? "; it looks like MobileNet v3 or EfficientNet" : "";
}

/**
 * The batch norm of every convolution: the module after it, the one of the same number where a file has all convolutions
 * of a block first, or the same one of as many in a row where it has all depthwise ones first. Channels must fit all
 * along; none where there are none, since they are folded.
 */
function normsOf(
	trunk: readonly Module[],
	modules: readonly Module[],
	about: Pick<Reading, "name">,
): ReadonlyMap<Module, Module> {
	const norms = modules.filter(({ kind }) => kind === "batchNorm");
	if (norms.length === 0) return new Map();
	const own = modules.filter((module) => trunk.includes(module));
	const convolutions = modules.filter(({ kind }) => ["full", "thin", "point", "convolution"].includes(kind));
	const inARow = ["thin", "point"].map((kind) => {
		const own = trunk.filter((module) => module.kind === kind);
		const from = norms.findIndex((_, i) => own.every(({ shape }, k) => shape[0] === norms[i + k]?.shape[0]));
		return new Map(own.map((module, k) => [module, norms[from + k]]));
	});
	const others = norms.filter((norm) => !inARow.some((pairs) => [...pairs.values()].includes(norm)));
	const ways = [
		(module: Module) => modules[modules.indexOf(module) + 1],
		(module: Module) => norms[own.indexOf(module)],
		(module: Module) => norms[convolutions.indexOf(module)],
		(module: Module) => inARow[0]!.get(module) ?? inARow[1]!.get(module) ?? others[0],
	];
	for (const way of ways) {
		const pairs = trunk.map((module) => [module, way(module)] as const);
		const fits = pairs.every(([{ shape }, norm]) => norm?.kind === "batchNorm" && norm.shape[0] === shape[0]);
		if (fits) return new Map(pairs as [Module, Module][]);
	}
	return refuse(
		about,
		`its ${norms.length} batch norms (${named(norms)}) do not fit its ${trunk.length} convolutions in order`,
		"unsupported",
	);
}

/** Fails where there is another layer among those of the trunk: what it does to the picture is not known. */
function checkBetween(
	modules: readonly Module[],
	used: ReadonlySet<Module>,
	about: Pick<Reading, "name">,
): void {
	const isUsed = (module: Module): boolean => used.has(module);
	const [from, to] = [modules.findIndex(isUsed), modules.findLastIndex(isUsed)];
	const foreign = modules.slice(from, to).find((module) => !isUsed(module));
	if (!foreign) return;
	if (foreign.kind === "other" && foreign.tensors.get("weight")?.shape.length === 1)
		refuse(
			about,
			`the layer ${foreign.name} has the weights ${weightsOf(foreign)} without the running_mean and running_var of a batch norm, which parameters alone leave out; save torch.save(model.state_dict(), …)`,
			"unsupported",
		);
	refuse(
		about,
		`it has the layer ${foreign.name} with the weights ${weightsOf(foreign)} among its blocks, which no MobileNet v1 has`,
	);
}

function convolutionOf(module: Module, kind: "convolution" | "depthwise"): WeightedLayer {
	const groups = kind === "depthwise" ? module.shape[0]! : 1;
	return { kind, name: module.name, ...weightsIn(module), groups };
}

/** A dense layer, or a 1×1 convolution, which is the same after the pool. */
function classifierOf(module: Module): WeightedLayer {
	const { name, kind } = module;
	if (kind === "dense") return { kind, name, ...weightsIn(module) };
	return { kind: "convolution", name, ...weightsIn(module), groups: 1 };
}

function weightsIn({ name, tensors }: Module): Pick<WeightedLayer & { kind: "dense" }, "weight" | "bias"> {
	const bias = tensors.get("bias");
	return {
		weight: { tensor: tensors.get("weight")!.read(`${name}.weight`) },
		...(bias && { bias: { tensor: bias.read(`${name}.bias`) } }),
	};
}

function batchNormOf({ name, tensors }: Module): WeightedLayer {
	const part = (of: string) => tensors.get(of)?.read(`${name}.${of}`);
	const [weight, bias] = [part("weight"), part("bias")];
	return {
		kind: "batchNorm",
		name,
		...(weight && { weight }),
		...(bias && { bias }),
		mean: part("running_mean")!,
		variance: part("running_var")!,
	};
}

function named(modules: readonly Module[]): string {
	if (modules.length === 0) return "no layers";
	const names = modules.slice(0, mostNamed).map(({ name }) => name || "one without a name");
	return names.join(", ") + (modules.length > mostNamed ? ", …" : "");
}

function weightsOf({ tensors }: Module): string {
	const some = [...tensors].slice(0, mostNamed).map(([name, { shape }]) => `${name} ${shown(shape)}`);
	return some.join(", ") + (tensors.size > mostNamed ? ", …" : "");
}
