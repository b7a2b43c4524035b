/** Data sets outside Node, where there are no folders. Its twin is datasets.node.ts; `#datasets` picks one. */
import { MobileNetError } from "../base/error.ts";
import type { Dataset } from "./dataset.ts";
import type { OpenOptions } from "./open-options.ts";

export async function openDataset(
	location: string | readonly string[],
	_options: OpenOptions = {},
): Promise<Dataset> {
	throw new MobileNetError(
		"unsupported",
		`${String(location)} cannot be opened here: there are no folders outside Node; make a data set of pictures in memory with datasetOf.`,
	);
}
