/**
 * The material beside the project (real networks, real pictures, golden values), read in place by tests. Where
 * it is missing, the tests that need it are skipped with a visible line.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";

const root = new URL("../../../../shared/", import.meta.url);

/** The absolute path of a file or folder of ../shared. */
export function shared(path: string): string {
	return fileURLToPath(new URL(path, root));
}

/** `describe`, or a skipped one that says which path of ../shared is missing. */
export function describeWithShared(name: string, paths: readonly string[], tests: () => void): void {
	const missing = paths.find((path) => !existsSync(shared(path)));
	if (missing === undefined) describe(name, tests);
	else {
		console.warn(`skipped: ${name}: ../shared/${missing} is not beside the project`);
		describe.skip(`${name} (../shared/${missing} is missing)`, tests);
	}
}
