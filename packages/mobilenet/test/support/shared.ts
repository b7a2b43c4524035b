/** Tests that need the material beside the project: where it is missing they are skipped with a visible line. */
import { describe, it } from "vitest";
import { missing } from "./shared-paths.ts";

export { shared } from "./shared-paths.ts";

/**
 * `describe`, or one skipped test that says which path of ../shared is missing. Vitest would call even a skipped
 * `describe` to list its tests, and many read their files there.
 */
export function describeWithShared(name: string, paths: readonly string[], tests: () => void): void {
	const path = missing(paths);
	if (path === undefined) describe(name, tests);
	else {
		console.warn(`skipped: ${name}: ../shared/${path} is not beside the project`);
		it.skip(`${name} (../shared/${path} is missing)`, () => {});
	}
}
