/** The canonical names of a layer's tensors, all of them derived from the layer (network/layers.ts). */
import { isConvolution, type Layer } from "../network/layers.ts";

/** Names of the numbers that say what codes stand for. */
export interface CodeNames {
	readonly scale: string;
	readonly zeroPoint: string;
}

/** A batch norm's γ, β, μ and σ². */
export const normParts = ["weight", "bias", "mean", "variance"] as const;
export type NormNames = Readonly<Record<(typeof normParts)[number], string>>;

export interface TensorNames {
	readonly weight: string;
	readonly bias: string;
	/** Of quantized weights. */
	readonly codes: CodeNames;
	/** The classifier has no batch norm. */
	readonly norm: NormNames | undefined;
}

/** Names of what the codes of the picture stand for. */
export const inputNames: CodeNames = codeNames("input");
/** Name of the code that stands for each of the 256 values of a pixel, where that is not its distance from the mean. */
export const inputTableName = "input.table";

/**
 * Names of a layer's tensors. The pool has no tensors that they could name.
 *
 * @example
 * namesOf(layers(configure())[0]!).weight // "stem.conv.weight"
 */
export function namesOf(layer: Layer): TensorNames {
	const { name, tensorPrefix: prefix = name } = layer;
	return {
		weight: `${prefix}.weight`,
		bias: `${prefix}.bias`,
		codes: codeNames(prefix),
		norm: isConvolution(layer) ? normNames(`${name}.bn`) : undefined,
	};
}

/** Names of what a layer's output codes stand for; the pool can have them too. */
export function outputNames({ name }: Layer): CodeNames {
	return codeNames(`${name}.output`);
}

function codeNames(prefix: string): CodeNames {
	return { scale: `${prefix}.scale`, zeroPoint: `${prefix}.zero_point` };
}

function normNames(prefix: string): NormNames {
	return {
		weight: `${prefix}.weight`,
		bias: `${prefix}.bias`,
		mean: `${prefix}.running_mean`,
		variance: `${prefix}.running_var`,
	};
}

/** Names of what a dense layer's codes stand for before an activation that is no bound makes others of them. */
export function linearNames({ name }: Layer): CodeNames {
	return codeNames(`${name}.linear`);
}

/** Name of the two numbers to which a layer's output is clipped, if its codes do that instead of an activation. */
export function boundsName({ name }: Layer): string {
	return `${name}.bounds`;
}
