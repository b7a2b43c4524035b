import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Group, hdf5Of } from "../../../test/support/hdf5-builder.ts";
import { type Dialect, type KerasModel, kerasOf, usualDialect } from "../../../test/support/keras.ts";
import { MobileNetError } from "../../base/error.ts";
import { configure } from "../../network/configuration.ts";
import type { Model } from "../../weights/model.ts";
import { filled, type Tensor } from "../../weights/tensor.ts";
import { recognize } from "../chain/recognize.ts";
import { readKerasHdf5 } from "./read.ts";

const small = configure({ alpha: 0.25, size: 64, classes: 5 });

const read = (root: Group): Model => recognize(readKerasHdf5({ bytes: hdf5Of(root), name: "model.h5" }));

function refusal(root: Group): string {
	try {
		read(root);
	} catch (error) {
		expect(error).toBeInstanceOf(MobileNetError);
		expect((error as MobileNetError).message).toMatch(/^model\.h5[^\n]*\.$/);
		return `${(error as MobileNetError).code}: ${(error as MobileNetError).message}`;
	}
	throw new Error("it was read");
}

/** Weights by path put into groups. */
function grouped(weights: Iterable<readonly [path: string, tensor: Tensor]>): Group {
	const group: { children: Record<string, Group | Tensor> } = { children: {} };
	for (const [path, tensor] of weights) {
		let at = group;
		const names = path.split("/");
		for (const name of names.slice(0, -1)) {
			at.children[name] ??= { children: {} };
			at = at.children[name] as typeof at;
		}
		at.children[names.at(-1)!] = tensor;
	}
	return group;
}

/** A layer's group: the names of its weights, and the weights where these say. */
function layerGroup(weights: readonly (readonly [name: string, tensor: Tensor])[]): Group {
	return { ...grouped(weights), attributes: { weight_names: weights.map(([name]) => name) } };
}

/** What Keras writes as `model_weights`, or as a file of weights. */
function weightsOf({ topology, weights }: KerasModel, suffix = ":0"): Group {
	const of = (layer: string) =>
		[...weights]
			.filter(([name]) => name.split("/")[0] === layer)
			.map(([name, tensor]) => [name + suffix, tensor] as const);
	const nodes = topology.config.layers.toReversed();
	const groups = nodes.map((node) => {
		const name = String(node.config.name);
		// Keras names what can be trained first.
		const trainable = (weight: string) => (weight.includes("/moving_") ? 1 : 0);
		const inner = node.config.layers as typeof nodes | undefined;
		const own = inner ? inner.toReversed().flatMap(({ config }) => of(String(config.name))) : of(name);
		return [name, layerGroup(own.sort(([a], [b]) => trainable(a) - trainable(b)))] as const;
	});
	return {
		attributes: { layer_names: groups.map(([name]) => name) },
		children: Object.fromEntries(groups),
	};
}

function modelOf(model: KerasModel, suffix?: string): Group {
	return {
		attributes: { model_config: JSON.stringify(model.topology), backend: "tensorflow" },
		children: { model_weights: weightsOf(model, suffix), optimizer_weights: {} },
	};
}

/** Each tensor of the file is filled with its number, so these say which is where. */
const numbers = ({ tensors }: Model) => [...tensors].map(([name, { data }]) => [name, data[0]]);
const inOrder = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

describe("whole models", () => {
	test("of Keras 2 and 3, nested or not, with every weight in its place", () => {
		const dialect: fc.Arbitrary<Dialect> = fc.record({
			graph: fc.constantFrom("2", "3"),
			activations: fc.constantFrom("Activation", "layers", "inside"),
			zeros: fc.constantFrom("same", "layer"),
			pool: fc.constantFrom("GlobalAveragePooling2D", "AveragePooling2D"),
			classifier: fc.constantFrom("Dense", "Conv2D"),
			nested: fc.boolean(),
		});
		fc.assert(
			fc.property(dialect, fc.constantFrom("relu6", "relu"), (spoken, activation) => {
				// Keras's own network lays its zeros by a layer.
				const padding = spoken.zeros === "layer" ? "keras" : "same";
				const configuration = configure({ alpha: 0.25, size: 64, classes: 5, activation, padding });
				const model = read(modelOf(kerasOf(configuration, spoken), spoken.graph === "3" ? "" : ":0"));
				expect(model.configuration).toEqual(configuration);
				expect(model.source.assumed).toEqual(["mean", "std", "channelOrder", "filter", "fit"]);
				// kerasOf numbers in the order of the layers, which is the model's.
				const weights = spoken.activations === "inside" ? 27 * 2 + 2 : 27 * 5 + 2;
				expect(numbers(model).map(([, number]) => number)).toEqual(inOrder(weights));
			}),
			{ numRuns: 20 },
		);
	});

	test("whose weights are in scopes of other names", () => {
		const keras = kerasOf(small);
		const weights = weightsOf(keras);
		const scoped = layerGroup([["stem_1/kernel:0", filled([3, 3, 3, 8], 1000)]]);
		const children = { model_weights: { ...weights, children: { ...weights.children, stem: scoped } } };
		const { tensors } = read({ ...modelOf(keras), children });
		expect(tensors.get("stem.conv.weight")).toEqual(filled([8, 3, 3, 3], 1000));
	});

	test("with a topology that is none, or without weights", () => {
		const root = modelOf(kerasOf(small));
		expect(refusal({ ...root, attributes: { model_config: "{" } })).toMatch(
			/^broken-file: model\.h5: its model_config is no JSON \(.*\); the file is damaged\.$/,
		);
		expect(refusal({ ...root, children: {} })).toBe(
			'broken-file: model.h5: the layer stem has no weights "kernel".',
		);
	});
});

describe("weights alone", () => {
	const groups = weightsOf(kerasOf(small));

	test("are recognized by their order", () => {
		const model = read(groups);
		expect(model.configuration).toEqual(
			configure({ alpha: 0.25, classes: 5, padding: "keras", stemPadding: "same" }),
		);
		expect(model.source.format).toBe("Keras HDF5 weights");
		expect(numbers(model).map(([, number]) => number)).toEqual(inOrder(137));
	});

	test("in a model's group, and with names in several attributes", () => {
		const names = groups.attributes!.layer_names as readonly string[];
		const attributes = { layer_names0: names.slice(0, 40), layer_names1: names.slice(40) };
		const model = read({ children: { model_weights: { ...groups, attributes } } });
		expect(numbers(model).map(([, number]) => number)).toEqual(inOrder(137));
	});

	test("of a model in a model", () => {
		const model = read(weightsOf(kerasOf(small, { ...usualDialect, nested: true })));
		expect(numbers(model).map(([, number]) => number)).toEqual(inOrder(137));
	});

	test("that lack what their names promise", () => {
		const { stem, ...children } = groups.children!;
		expect(refusal({ ...groups, children })).toBe(
			'broken-file: model.h5: its layer_names speak of "stem", which has no group.',
		);
		expect(refusal({ ...groups, children: { ...children, stem: { ...stem, children: {} } as Group } })).toBe(
			'broken-file: model.h5: the layer stem should have the weights "stem/kernel:0", but they are not in the file.',
		);
	});

	test("HDF5 that is not Keras's", () => {
		expect(refusal({ children: { measurements: filled([3], 1) } })).toBe(
			"unsupported: model.h5: it is an HDF5 file, but none of Keras: it has neither model_config nor layer_names nor layers.",
		);
	});
});

describe("weights alone as Keras 3 writes them", () => {
	const weightNames = [
		"kernel",
		"depthwise_kernel",
		"bias",
		"gamma",
		"beta",
		"moving_mean",
		"moving_variance",
	];

	/** `layers/CLASS_N/vars/0`, numbered by class in the order of the layers. */
	function variables({ topology, weights }: KerasModel, scope = "layers"): Map<string, Tensor> {
		const counts = new Map<string, number>();
		const paths = new Map<string, Tensor>();
		for (const { class_name: className, config } of topology.config.layers) {
			const kind = className.replaceAll(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
			const count = counts.get(kind) ?? 0;
			counts.set(kind, count + 1);
			const own = [...weights].filter(([name]) => name.split("/")[0] === config.name);
			const order = ([name]: readonly [string, Tensor]) => weightNames.indexOf(name.split("/")[1]!);
			for (const [i, [, tensor]] of own.sort((a, b) => order(a) - order(b)).entries())
				paths.set(`${scope}/${kind}${count > 0 ? `_${count}` : ""}/vars/${i}`, tensor);
		}
		return paths;
	}
	const model = kerasOf(small, { ...usualDialect, graph: "sequential" });
	const paths = variables(model);

	const groupOf = (weights: Iterable<readonly [string, Tensor]>, ...empty: readonly string[]): Group => {
		const group = grouped(weights);
		const layers = group.children!.layers as Group;
		const others = Object.fromEntries(empty.map((name) => [name, { children: { vars: {} } }]));
		return { children: { ...group.children, layers: { children: { ...layers.children, ...others } } } };
	};

	test("are put in order by class and number, which the alphabet is not", () => {
		expect([...paths.keys()]).toContain("layers/depthwise_conv2d_12/vars/0");
		const read3 = read(groupOf(paths, "global_average_pooling2d", "dropout"));
		expect(read3.configuration).toEqual(
			configure({ alpha: 0.25, classes: 5, padding: "keras", stemPadding: "same" }),
		);
		expect(numbers(read3).map(([, number]) => number)).toEqual(inOrder(137));
		expect(read3.source.assumed).toContain("dropout");
		expect(read(groupOf(paths)).source.assumed).not.toContain("dropout");
	});

	test("with a network without its classifier as one of the layers", () => {
		const headless = kerasOf(configure({ alpha: 0.25, head: false }), {
			...usualDialect,
			graph: "sequential",
		});
		const inner = variables(headless, "layers/functional/layers");
		const outer = [
			["layers/dense/vars/0", filled([256, 3], 136)],
			["layers/dense/vars/1", filled([3], 137)],
		] as const;
		const nested = read(groupOf([...inner, ...outer], "global_average_pooling2d"));
		expect(nested.configuration).toEqual(
			configure({ alpha: 0.25, classes: 3, dropout: 0, padding: "keras", stemPadding: "same" }),
		);
		expect(numbers(nested).map(([, number]) => number)).toEqual(inOrder(137));
	});

	test("without batch norm", () => {
		const folded = kerasOf(small, { ...usualDialect, graph: "sequential", activations: "inside" });
		expect(numbers(read(groupOf(variables(folded)))).map(([, number]) => number)).toEqual(inOrder(56));
	});

	test("whose order cannot be told, or that are of other layers", () => {
		const without = (name: string) => [...paths].filter(([path]) => !path.startsWith(`layers/${name}/`));
		expect(refusal(groupOf(without("batch_normalization_3")))).toBe(
			"unsupported: model.h5: it has 26 batch norms for 27 convolutions and does not say after which they come; take the whole model.",
		);
		expect(refusal(groupOf(without("depthwise_conv2d_3")))).toBe(
			"not-mobilenet: model.h5 holds no MobileNet v1: it has 15 convolutions and 12 depthwise ones, where one more than of these was expected, or two with a classifier.",
		);
		expect(refusal(groupOf([...paths, ["layers/gru/vars/0", filled([3], 1)]]))).toBe(
			"not-mobilenet: model.h5 holds no MobileNet v1: it has weights of the layer gru, and those of a MobileNet v1 are called conv2d, depthwise_conv2d, batch_normalization, dense.",
		);
		const norm = "layers/batch_normalization_5/vars";
		expect(refusal(groupOf([...paths].filter(([path]) => path !== `${norm}/3`)))).toBe(
			"unsupported: model.h5: the layer batch_normalization_5 has 3 weights where gamma, beta, moving_mean, moving_variance were expected.",
		);
		expect(
			refusal(
				groupOf([
					...paths,
					["layers/conv2d_4/vars/1", filled([1], 1)],
					["layers/conv2d_4/vars/2", filled([1], 1)],
				]),
			),
		).toBe("unsupported: model.h5: the layer conv2d_4 has 3 weights where kernel, bias were expected.");
	});

	test("nested more deeply than anyone does", () => {
		let group: Group = { children: { conv2d: {} } };
		for (let i = 0; i < 10; i++) group = { children: { functional: { children: { layers: group } } } };
		expect(refusal({ children: { layers: group } })).toBe(
			"unsupported: model.h5: models are nested more than 8 deep.",
		);
	});
});
