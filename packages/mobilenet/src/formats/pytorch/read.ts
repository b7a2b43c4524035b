/** PyTorch's files: a state dict or a checkpoint with one, in a zip archive or in pickles one after the other; TorchScript. */
import type { Chain } from "../chain/chain.ts";
import type { Opened } from "../opened.ts";
import { chainOfStateDict } from "./chain.ts";
import { openTorchFile } from "./file.ts";
import { stateDictOf } from "./state-dict.ts";

/**
 * The layers of a network that `torch.save` wrote.
 *
 * @throws MobileNetError `broken-file`, `not-mobilenet`, or `unsupported` for a module saved whole
 */
export async function readPyTorch(opened: Opened): Promise<Chain> {
	const file = openTorchFile(opened);
	const format = file.isScript ? "TorchScript" : "PyTorch";
	return chainOfStateDict(stateDictOf(file), opened, { format, sorted: false });
}
