/** Safetensors files as PyTorch's libraries write them: transformers, timm, or anybody's `save_file(model.state_dict())`. */
import type { Chain } from "../chain/chain.ts";
import type { Opened } from "../opened.ts";
import { chainOfStateDict } from "../pytorch/chain.ts";
import type { StoredTensor } from "../pytorch/storages.ts";
import { licenseBeside } from "./card.ts";

/**
 * The layers of a network of which there are the weights in safetensors, with what `config.json` beside them says.
 *
 * @throws MobileNetError `not-mobilenet`, `broken-file`
 */
export async function readHuggingFace(opened: Opened): Promise<Chain> {
	const tensors = new Map<string, StoredTensor>();
	for (const [name, tensor] of opened.safetensors!.tensors)
		tensors.set(name, { shape: tensor.shape, read: () => tensor });
	// The format has its tensors by type and name.
	const how = { format: "Hugging Face", sorted: true };
	const chain = await chainOfStateDict({ tensors, notes: [] }, opened, how);
	const license = await licenseBeside(opened);
	return { ...chain, ...(license !== undefined && { license }) };
}
