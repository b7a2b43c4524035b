/** Data sets outside Node, where there are no folders. The version for Node is datasets.node.ts (`#datasets`). */
import { MobileNetError } from "../base/error.ts";
import type { Dataset } from "./dataset.ts";
import type { OpenOptions } from "./open-options.ts";

export async function openDataset(
	location: string | readonly string[],
	_options: OpenOptions = {},
): Promise<Dataset> {
	throw new MobileNetError(
		"unsupported",
		`${String(location)} cannot be opened: folders can be opened in Node only; use datasetOf to make a data set of pictures in memory.`,
	);
}
