/** The chain of a state dict: its layers by order and shape, conventions by whose names they have, a configuration beside it. */
import type { Chain } from "../chain/chain.ts";
import { refuse } from "../chain/units.ts";
import { chainOfWeights } from "../chain/weights-alone.ts";
import type { Opened } from "../opened.ts";
import { layersOf } from "./layers.ts";
import { ownerOf } from "./owners.ts";
import type { StateDict } from "./state-dict.ts";

/** @param sorted whether the tensors are in the order of their names, and not in that of the network */
export async function chainOfStateDict(
	{ tensors, notes }: StateDict,
	file: Opened,
	{ format, sorted }: { readonly format: string; readonly sorted: boolean },
): Promise<Chain> {
	const found = layersOf(tensors, sorted, file);
	const owner = ownerOf(found.modules);
	if (owner.refusal !== undefined) refuse(file, owner.refusal, "unsupported");
	const { usual } = owner;
	const preprocessing = (found.inputChannels === 3 && owner.preprocessing) || {};
	const said =
		owner.config && (await (await import("../huggingface/config.ts")).configBeside(file, owner.config));
	const chain = chainOfWeights(
		found.layers,
		said ? { ...usual, differing: { ...usual.differing, ...said.configuration }, known: said.known } : usual,
		{ name: file.name, format },
	);
	return {
		...chain,
		...(said?.size !== undefined && { size: said.size }),
		...(said?.labels && { labels: said.labels }),
		preprocessing: { ...preprocessing, ...said?.preprocessing },
		assumed: [
			...(chain.assumed ?? []),
			...Object.keys(preprocessing).filter((field) => !Object.hasOwn(said?.preprocessing ?? {}, field)),
		],
		notes: [...(chain.notes ?? []), ...notes, ...found.notes, ...(said?.notes ?? [])],
	};
}
