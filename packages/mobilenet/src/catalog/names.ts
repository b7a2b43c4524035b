/**
 * Names of weights: those of the catalog (`imagenet/0.5-160`), and repositories of Hugging Face's hub (`hf:owner/name`).
 * Whether a text is one of these is model/names.ts's to say; here it is said what each stands for.
 */
import { MobileNetError, shown } from "../base/error.ts";
import { aliases, entries } from "./entries.ts";
import type { CatalogEntry, WeightFile, WeightSource } from "./entry.ts";

/** What a name stands for: the facts of the catalog where it is there. */
export interface Named {
	/** The full name: `imagenet/0.5-160` for `imagenet`. */
	readonly name: string;
	readonly entry?: CatalogEntry;
	/** Undefined where only the hub knows what a repository holds. */
	readonly files?: readonly WeightFile[];
	readonly sources: readonly WeightSource[];
}

const usualRevision = "main";
const similar = 3;
/** No name is longer, and a text that is is not compared as a whole. */
const longest = 60;
/** More than the hub allows for repository, revision and path together. */
const longestName = 800;

/**
 * What a name stands for.
 *
 * @throws MobileNetError `usage` for a name that the catalog does not have, or that names no repository
 * @example
 * named("imagenet").name // "imagenet/0.5-160"
 * named("hf:google/mobilenet_v1_1.0_224@main").sources // [{ hub: "google/mobilenet_v1_1.0_224", revision: "main" }]
 */
export function named(name: string): Named {
	if (name.startsWith("hf:")) return onHub(name);
	const full = aliases[name] ?? name;
	const entry = entries.find((one) => one.name === full);
	if (!entry)
		throw new MobileNetError(
			"usage",
			`${shown(name)} is not in the catalog of weights. The nearest are ${nearest(name).join(", ")}; mobilenet models lists them all.${/^[./]/.test(name) ? "" : ` A file of that name is ${shown(`./${name}`)}.`}`,
		);
	return { name: full, entry, files: entry.files, sources: entry.sources };
}

/** `hf:owner/name`, `hf:owner/name@revision`, `hf:owner/name@revision/folder/file`, `hf:owner/name/file`. */
function onHub(name: string): Named {
	const match = name.length <= longestName && /^hf:([\w.-]+\/[\w.-]+?)(?:@([\w.-]+))?(?:\/(.+))?$/.exec(name);
	const [, repository, revision = usualRevision, path] = match || [];
	const parts = path?.split("/") ?? [];
	if (repository === undefined || parts.some((part) => part === "" || part === "." || part === ".."))
		throw new MobileNetError(
			"usage",
			`${shown(name)} names no repository of Hugging Face's hub: give hf:owner/name, and @revision and /file where they are needed.`,
		);
	const file = parts.pop();
	const source = { hub: repository, revision, ...(parts.length > 0 && { folder: parts.join("/") }) };
	return { name, sources: [source], ...(file !== undefined && { files: [{ path: file }] }) };
}

/** The names that a text is the fewest letters away from. */
export function nearest(text: string): readonly string[] {
	return [...Object.keys(aliases), ...entries.map(({ name }) => name)]
		.map((name) => ({ name, away: distance(text.slice(0, longest), name) }))
		.sort((a, b) => a.away - b.away)
		.slice(0, similar)
		.map(({ name }) => name);
}

/** Letters to change, to add or to leave out: Levenshtein's distance. */
function distance(a: string, b: string): number {
	let row = Array.from({ length: b.length + 1 }, (_, i) => i);
	for (let i = 0; i < a.length; i++) {
		const next = [i + 1];
		for (let j = 0; j < b.length; j++)
			next.push(Math.min(row[j]! + (a[i] === b[j] ? 0 : 1), row[j + 1]! + 1, next[j]! + 1));
		row = next;
	}
	return row[b.length]!;
}
