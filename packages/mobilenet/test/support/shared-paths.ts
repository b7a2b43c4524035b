/** Where the material beside the project lies: real networks, real pictures, golden values. Tests read it in place. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../../../../shared/", import.meta.url);

/** The absolute path of a file or folder of ../shared. */
export function shared(path: string): string {
	return fileURLToPath(new URL(path, root));
}

/** The first of these paths of ../shared that is not there. */
export function missing(paths: readonly string[]): string | undefined {
	return paths.find((path) => !existsSync(shared(path)));
}
