/**
 * The two golden sets: the small one beside this file, which is always there, and the large one of ../shared. Their
 * files are laid out alike (README.md), and the same tests read both.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";
import { readSafetensors, type Safetensors } from "../../src/formats/safetensors/safetensors.ts";
import { describeWithShared, shared } from "../support/shared.ts";

export interface GoldenNames {
	/** Files of the small set, without `.safetensors`. */
	readonly small: readonly string[];
	/** Files of the large set, without `.safetensors`. */
	readonly large: readonly string[];
}

export interface GoldenFile extends Safetensors {
	readonly path: string;
	readonly bytes: Uint8Array;
}

/** The same tests over each of these files; those of the large set are skipped with a visible line where it is missing. */
export function describeGolden({ small, large }: GoldenNames, tests: (file: GoldenFile) => void): void {
	for (const name of small) {
		const path = fileURLToPath(new URL(`${name}.safetensors`, import.meta.url));
		describe(`${name}, small`, () => tests(readGolden(path)));
	}
	for (const name of large) {
		const path = `golden/${name}.safetensors`;
		describeWithShared(`${name}, large`, [path], () => tests(readGolden(shared(path))));
	}
}

export function readGolden(path: string): GoldenFile {
	const bytes = new Uint8Array(readFileSync(path));
	return { path, bytes, ...readSafetensors(bytes, path) };
}
