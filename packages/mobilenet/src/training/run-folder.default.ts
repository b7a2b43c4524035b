/** Stands in for run-folder.node.ts outside Node, where there are no folders. */
import { MobileNetError } from "../base/error.ts";
import type { RunFolder } from "./run-folder.ts";

export function runFolder(path: string): RunFolder {
	throw new MobileNetError(
		"unsupported",
		`checkpoints cannot be kept in ${path}: there are no folders outside Node; give an object with read and write instead.`,
	);
}
