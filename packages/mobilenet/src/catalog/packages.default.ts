/** Outside Node no package is installed where it could be looked for. The version for Node is packages.node.ts (`#packages`). */
import type { InstalledWeights } from "./package.ts";

export async function installedWeights(_name: string): Promise<InstalledWeights | undefined> {
	return undefined;
}
