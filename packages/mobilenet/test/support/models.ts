/** Models of every configuration, folded or not, quantized or not, for tests of what takes or makes any model. */
import fc from "fast-check";
import { random } from "../../src/base/random.ts";
import { type Configuration, configure, presets } from "../../src/network/configuration.ts";
import { fold } from "../../src/weights/fold.ts";
import { initialize } from "../../src/weights/initialize.ts";
import type { Model } from "../../src/weights/model.ts";
import { type LayerParts, partsOf, tensorsOf } from "../../src/weights/parts.ts";
import { sizeOf } from "../../src/weights/tensor.ts";

/** What a chain says of a configuration, whatever it is; the rest is as in the preset that its padding points to. */
export const anyConfiguration: fc.Arbitrary<Configuration> = fc
	.record({
		preset: fc.constantFrom("tf", "torch", "tutorial"),
		alpha: fc.constantFrom(0.01, 0.1, 0.25),
		size: fc.integer({ min: 32, max: 96 }),
		depth: fc.constantFrom("full", "shallow"),
		inputChannels: fc.integer({ min: 1, max: 4 }),
		activation: fc.constantFrom("relu6", "relu", "leakyRelu"),
		head: fc.boolean(),
		classes: fc.integer({ min: 2, max: 9 }),
		output: fc.constantFrom("softmax", "logits"),
		dropout: fc.constantFrom(0, 0.001, 0.2),
	} as const)
	.map(({ preset, head, classes, output, ...fields }) =>
		configure({
			...fields,
			preset,
			...(head ? { head, classes, output } : { head, classes: presets[preset].classes, output: "logits" }),
		}),
	);

/** What people's networks have beyond that, at sizes at which all paddings lay other zeros. */
export const anyWiderConfiguration: fc.Arbitrary<Configuration> = fc
	.record({
		alpha: fc.constantFrom(0.01, 0.1, 0.25),
		size: fc.constantFrom(37, 50, 100),
		padding: fc.constantFrom("same", "symmetric", "keras"),
		stemPadding: fc.constantFrom("same", "symmetric", "keras"),
		pooling: fc.constantFrom("average", "max", "none"),
		headLayers: fc.array(
			fc.record({
				units: fc.integer({ min: 1, max: 9 }),
				activation: fc.constantFrom("relu", "relu6", "tanh", "sigmoid"),
			} as const),
			{ maxLength: 3 },
		),
		classes: fc.integer({ min: 2, max: 4 }),
		output: fc.constantFrom("softmax", "logits", "sigmoid"),
		binary: fc.boolean(),
		dropout: fc.constantFrom(0, 0.2),
	} as const)
	.map(({ binary, ...fields }) => {
		const { padding, alpha } = fields;
		const preset = padding === "symmetric" ? "torch" : "tf";
		// A narrow network without a least number of channels is Keras's.
		const channelRounding = padding === "keras" && alpha < 0.25 ? "truncate" : undefined;
		return configure({
			...fields,
			preset,
			channelRounding,
			binary: binary && fields.output === "sigmoid" && fields.classes === 2,
		});
	});

const forms = ["batch norm", "folded", "int8", "int8 per channel", "uint8"] as const;
type Form = (typeof forms)[number];

export const anyForm = fc.constantFrom(...forms);

/** Integers as converters make them of a folded network: codes of anything, scales of anything. */
function quantized(model: Model, type: "int8" | "uint8", perChannel: boolean): Model {
	const { uniform, bits } = random(1);
	const zero = type === "int8" ? -128 : 0;
	const codes = () => ({ scale: Math.fround(uniform() + 0.01), zeroPoint: zero + (bits() & 127) });
	const layers = partsOf(model).layers.map((parts): LayerParts => {
		const { layer, weight } = parts;
		if (!weight) return { layer, ...(uniform() < 0.5 && { output: codes() }) };
		const channels = perChannel ? layer.outputChannels : 1;
		const scale = Array.from({ length: channels }, () => Math.fround(uniform() + 0.01));
		const { shape } = weight;
		const numbers = Array.from({ length: sizeOf(shape) }, () => zero + (bits() & 255));
		return {
			layer,
			weight:
				type === "int8"
					? { dtype: "I8", shape, data: Int8Array.from(numbers) }
					: { dtype: "U8", shape, data: Uint8Array.from(numbers) },
			bias: { dtype: "I32", shape: [shape[0]!], data: Int32Array.from({ length: shape[0]! }, bits) },
			codes: { scale, zeroPoint: scale.map(() => zero + 128) },
			output: codes(),
		};
	});
	return { ...model, tensors: tensorsOf({ input: codes(), layers }) };
}

/** A network of random weights in one of these forms. */
export function made(configuration: Configuration, form: Form): Model {
	const model = initialize(configuration, { seed: 1 });
	if (form === "batch norm") return model;
	const folded = fold(model);
	if (form === "folded") return folded;
	return quantized(folded, form === "uint8" ? "uint8" : "int8", form === "int8 per channel");
}
