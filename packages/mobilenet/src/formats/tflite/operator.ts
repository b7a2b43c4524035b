/**
 * What reading an operator of TensorFlow Lite takes: its tensors, its options, and the activation that may be fused into
 * it.
 */
import type { Quantization } from "../../weights/parts.ts";
import type { ChainLayer } from "../chain/chain.ts";
import { childTable, type Table, uint8 } from "./flatbuffer.ts";
import {
	broken,
	described,
	foreign,
	type Graph,
	type GraphTensor,
	type Operator,
	unsupported,
} from "./graph.ts";
import { activations, fields } from "./schema.ts";

/** A layer without its name and the quantization of its output, which are added for all. */
type Bare<L> = L extends ChainLayer ? Omit<L, "name" | "output"> : never;
export type BareLayer = Bare<ChainLayer>;

export interface Context {
	readonly graph: Graph;
	readonly operator: Operator;
	/** What the operator is given and what it gives out. */
	readonly from: GraphTensor;
	readonly to: GraphTensor;
	/** Whether a pool came before. */
	readonly pooled: boolean;
}

/** The quantization of activations: undefined where they are floats. */
export function codesOf(graph: Graph, tensor: GraphTensor): Quantization | undefined {
	if (tensor.type === "float32") return undefined;
	if (tensor.type !== "int8" && tensor.type !== "uint8")
		throw unsupported(
			graph.name,
			`its activations ${described(tensor)} are of a type other than float32, int8 or uint8`,
		);
	const { scale = [], zeroPoint = [] } = tensor.quantization ?? {};
	if (scale.length !== 1)
		throw broken(
			graph.name,
			`its activations ${described(tensor)} have ${scale.length} scales where one was expected`,
		);
	return { scale, zeroPoint };
}

/** The activation that is fused into an operator, as a layer of its own. */
export function fusedActivation({ graph, operator, to }: Context, code: number): readonly BareLayer[] {
	const activation = activations[code];
	if (activation === "none") return [];
	if (activation === "relu" || activation === "relu6" || activation === "tanh")
		return [{ kind: "activation", activation }];
	if (!activation)
		throw broken(graph.name, `its ${operator.name} ${to.name} has an unknown activation, ${code}`);
	throw foreign(
		graph.name,
		`the file is sound, but its ${operator.name} ${to.name} has the activation ${activation} where ReLU6, ReLU, tanh or none was expected`,
	);
}

/** An operator's options, which those of its kind must have. */
export function optionsOf({ graph, operator, to }: Context, type: number): Table {
	const f = fields.operator;
	const options = childTable(operator.table, f.options);
	const given = uint8(operator.table, f.optionsType);
	if (!options || given !== type)
		throw broken(
			graph.name,
			`its ${operator.name} ${to.name} has options of the type ${given} where ${type} was expected`,
		);
	return options;
}
