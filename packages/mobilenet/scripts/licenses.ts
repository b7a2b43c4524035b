/** The licenses of libraries whose code the build puts into a folder: they ask to be passed on with it. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";

/**
 * Writes `LICENSES.txt` into a folder of the build.
 *
 * @param modules the paths of all modules that the folder's files were made of
 */
export function writeLicenses(folder: string, modules: readonly string[]): void {
	const libraries = new Set(modules.flatMap(libraryOf));
	const notices = [...libraries].sort().map(noticeOf);
	writeFileSync(
		join(folder, "LICENSES.txt"),
		`The files in this folder contain these libraries.\n${notices.join("")}`,
	);
}

/** The folder of the library that a module is of, if it is of one. */
function libraryOf(module: string): string[] {
	const parts = module.split(/[\\/]/);
	const at = parts.lastIndexOf("node_modules") + 1;
	return at === 0 ? [] : [parts.slice(0, at + (parts[at]!.startsWith("@") ? 2 : 1)).join(sep)];
}

function noticeOf(library: string): string {
	const { name, version, license } = JSON.parse(readFileSync(join(library, "package.json"), "utf8"));
	return `\n${name} ${version} (${license})\n\n${textOf(library, name, license).trim()}\n`;
}

function textOf(library: string, name: string, license: string): string {
	const file = readdirSync(library).find((file) => /^licen[cs]e/i.test(file));
	if (file) return readFileSync(join(library, file), "utf8");
	// Some name it alone. This one has no line for each author, and its text is in the package already.
	if (license === "Apache-2.0") return "The text of the Apache License 2.0 is in this package's own LICENSE.";
	throw new Error(`the build contains ${name}, which brings no license to pass on`);
}
