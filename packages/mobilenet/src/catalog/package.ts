/**
 * Weights in npm packages: a package called `mobilenet-weights-…` whose package.json says which file has which name,
 *
 *     "mobilenetWeights": { "imagenet/0.5-160": "mobilenet_v1_0.5_160_quant.tflite" }
 *
 * so that mirrors of npm serve it anywhere, and a lockfile keeps it.
 */
import { MobileNetError, messageOf, shown } from "../base/error.ts";
import { isJson, type Json, parseJson } from "../base/json.ts";
import { checkPath } from "./place.ts";

/** A file that an installed package has for a name. */
export interface InstalledWeights {
	/** Where it is. */
	readonly path: string;
	readonly bytes: number;
	/** The package's name and version: `mobilenet-weights-flowers 1.0.0`. */
	readonly title: string;
	/** As package.json says it. */
	readonly license?: string;
}

export const packagePrefix = "mobilenet-weights-";

/**
 * The packages that may hold a name: its own, and that of its family.
 *
 * @example
 * packagesFor("imagenet/0.5-160") // ["mobilenet-weights-imagenet-0.5-160", "mobilenet-weights-imagenet"]
 */
export function packagesFor(name: string): readonly string[] {
	const parts = name
		.toLowerCase()
		.replace(/[^a-z0-9._/-]+/g, "-")
		.split("/");
	return parts.map((_, i) => packagePrefix + parts.slice(0, parts.length - i).join("-"));
}

/** What a package.json says of its weights. */
export interface Manifest {
	readonly title: string;
	readonly license?: string;
	/** Paths from the package's folder, by name. */
	readonly weights: ReadonlyMap<string, string>;
}

/**
 * Reads a package.json.
 *
 * @param file how errors call it
 * @throws MobileNetError `broken-file`
 */
export function parseManifest(text: string, file: string): Manifest {
	const { name, version, license, mobilenetWeights: weights } = fieldsOf(text, file);
	if (!isJson(weights))
		throw new MobileNetError(
			"broken-file",
			`${file} has no "mobilenetWeights", which says which file has which name.`,
			{
				file,
			},
		);
	const paths = Object.entries(weights).map(
		([of, path]) => [of, typeof path === "string" ? path.replace(/^\.\//, "") : path] as const,
	);
	for (const [of, path] of paths)
		if (typeof path !== "string" || !isInside(path))
			throw new MobileNetError(
				"broken-file",
				`${file} gives ${shown(path)} for ${shown(of)}, where a path inside the package was expected.`,
				{ file },
			);
	return {
		title: [name, version].filter((part) => typeof part === "string").join(" ") || file,
		...(typeof license === "string" && { license }),
		weights: new Map(paths as readonly (readonly [string, string])[]),
	};
}

function isInside(path: string): boolean {
	try {
		checkPath(path);
		return true;
	} catch {
		return false;
	}
}

function fieldsOf(text: string, file: string): Json {
	try {
		const json = parseJson(text);
		return isJson(json) ? json : {};
	} catch (error) {
		throw new MobileNetError("broken-file", `${file} is not JSON: ${messageOf(error)}.`, {
			file,
			cause: error,
		});
	}
}
