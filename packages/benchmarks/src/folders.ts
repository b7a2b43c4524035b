/** The paths of folders, which are the same from src/ and from dist/, which has the same files without types. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** packages/benchmarks */
export const home = path("..");
export const source = path("../src");
/** The sources without types, which measured processes run. */
export const programs = path("../dist");
export const packages = path("../node_modules");
/** packages/mobilenet */
export const ours = path("../../mobilenet");
export const weights = path("../../../../shared/weights");
export const pictures = path("../../../../shared/data");

/** The version of an installed package, or of ours. */
export function versionOf(name: string): string {
	return versionIn(name === "mobilenet" ? ours : `${packages}/${name}`);
}

/** The version of the package that lies in a folder. */
export function versionIn(folder: string): string {
	return (JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as { version: string }).version;
}
