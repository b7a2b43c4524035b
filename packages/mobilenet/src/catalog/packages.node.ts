/** Weights in the packages that are installed where Node runs. Elsewhere there are none: packages.default.ts (`#packages`). */
import { readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { MobileNetError } from "../base/error.ts";
import { type InstalledWeights, packagesFor, parseManifest } from "./package.ts";

/**
 * The file of a name in an installed package. Packages are looked for by name, as `require` does from the working
 * directory; folders are not searched.
 *
 * @throws MobileNetError `broken-file` where a package says it has the file and has not
 * @example
 * (await installedWeights("imagenet/0.5-160"))?.path
 */
export async function installedWeights(name: string): Promise<InstalledWeights | undefined> {
	const require = createRequire(resolve("package.json"));
	for (const called of packagesFor(name)) {
		const file = await manifestOf(called, require);
		if (file === undefined) continue;
		const { title, license, weights } = parseManifest(await readFile(file, "utf8"), file);
		const own = weights.get(name);
		if (own === undefined) continue;
		const path = join(dirname(file), own);
		const found = await stat(path).catch(() => undefined);
		if (!found?.isFile())
			throw new MobileNetError(
				"broken-file",
				`${title} says that ${name} is its file ${own}, which is not there: install the package again.`,
				{ file: path },
			);
		return { path, bytes: found.size, title, ...(license !== undefined && { license }) };
	}
	return undefined;
}

/** The package.json of a package. */
async function manifestOf(called: string, require: NodeJS.Require): Promise<string | undefined> {
	for (const folder of require.resolve.paths(called) ?? []) {
		const file = join(folder, called, "package.json");
		if (await isFile(file)) return file;
	}
	try {
		// Where packages lie in archives and no folder is called node_modules.
		return require.resolve(`${called}/package.json`);
	} catch {
		return undefined;
	}
}

async function isFile(path: string): Promise<boolean> {
	return (await stat(path).catch(() => undefined))?.isFile() === true;
}
