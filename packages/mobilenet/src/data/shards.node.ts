/**
 * WebDataset shards: tar archives of samples, each a picture `NAME.jpg` and its class `NAME.cls`, which contains the number
 * of the class. Pictures of a plain archive are read from it when needed. A gzipped archive allows no random access, so it
 * is read once from front to back, and its pictures are stored.
 */
import { readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MobileNetError, shown } from "../base/error.ts";
import { isPictureName } from "../image/picture-file.ts";
import type { Label } from "../weights/model.ts";
import type { Dataset, Places } from "./dataset.ts";
import { mostClasses } from "./memory.ts";
import type { OpenOptions } from "./open-options.ts";
import { placeReader } from "./places.node.ts";
import { createStore, type Store } from "./store.node.ts";
import { parseClasses } from "./tables.ts";
import { tarEntries } from "./tar.ts";
import { openTar } from "./tar-sources.node.ts";

/** Bytes of pictures from gzipped shards to keep in memory; further ones go to a temporary file. */
const mostInMemory = 2 ** 29;
/** No picture is larger. */
const mostPictureBytes = 2 ** 28;
const classesFile = "classes.tsv";

/** One picture of a shard. */
interface Found {
	readonly name: string;
	/** The name without its ending, which is the same for its class's entry. */
	readonly key: string;
	/** Number of its source in the store; undefined if it is read from the shard. */
	readonly source: number | undefined;
	readonly offset: number;
	readonly length: number;
}

/**
 * Opens shards as one data set. A `classes.tsv` in the same folder names the classes; otherwise their names are their
 * numbers.
 *
 * @throws MobileNetError `broken-file` if a shard is damaged or a class is invalid, `not-found` if there are no pictures
 */
export async function openShards(paths: readonly string[], options: OpenOptions): Promise<Dataset> {
	const { unlabeled = false, onNote = () => undefined } = options;
	const classes = unlabeled ? [] : await classesBeside(paths);
	const store = createStore(mostInMemory);
	const names: string[] = [];
	const labels: number[] = [];
	const source: number[] = [];
	const offset: number[] = [];
	const length: number[] = [];
	let [without, most] = [0, -1];
	try {
		for (const [shard, path] of paths.entries()) {
			const { found, labelOf } = await readShard(path, store, options, classes?.length ?? mostClasses);
			for (const picture of found) {
				const label = labelOf.get(picture.key) ?? -1;
				if (label < 0 && !unlabeled) {
					without++;
					continue;
				}
				names.push(`${path}: ${picture.name}`);
				labels.push(unlabeled ? -1 : label);
				most = Math.max(most, label);
				source.push(picture.source === undefined ? shard : paths.length + picture.source);
				offset.push(picture.offset);
				length.push(picture.length);
			}
		}
		const name = paths.length === 1 ? paths[0]! : `${paths[0]} and ${paths.length - 1} more`;
		if (names.length === 0)
			throw new MobileNetError(
				"not-found",
				without > 0
					? `${name}: none of ${without} pictures has a class: expected an entry such as 000001.cls for 000001.jpg.`
					: `${name}: there are no pictures: expected entries such as 000001.jpg and 000001.cls.`,
			);
		if (without > 0)
			onNote(
				without === 1
					? `A picture of ${name} has no class and is left out.`
					: `${without} pictures of ${name} have no class and are left out.`,
			);
		if (!unlabeled && !options.oneClass && labels.every((label) => label === labels[0]))
			throw new MobileNetError(
				"usage",
				`${name} has pictures of one class only, number ${labels[0]}, but at least two are needed.`,
			);
		const places: Places = {
			sources: [...paths, ...store.sources],
			source: Int32Array.from(source),
			offset: Float64Array.from(offset),
			length: Float64Array.from(length),
		};
		const reader = placeReader(places);
		return {
			name,
			classes: classes ?? Array.from({ length: most + 1 }, (_, number): Label => ({ name: String(number) })),
			labels: Int32Array.from(labels),
			places,
			nameOf: (index) => names[index]!,
			read: async (index) => reader.read(index, names[index]!),
			close: async () => {
				reader.close();
				store.close();
			},
		};
	} catch (error) {
		store.close();
		throw error;
	}
}

async function readShard(
	path: string,
	store: Store,
	{ unlabeled, onNote = () => undefined, signal }: OpenOptions,
	classes: number,
): Promise<{ readonly found: readonly Found[]; readonly labelOf: ReadonlyMap<string, number> }> {
	const found: Found[] = [];
	const labelOf = new Map<string, number>();
	const archive = await openTar(path, signal);
	try {
		for await (const { name, size, offset, content } of tarEntries(archive, mostPictureBytes, onNote)) {
			const file = basename(name);
			if (file.startsWith(".")) continue;
			const key = name.slice(0, name.length - file.length + file.indexOf("."));
			if (isPictureName(file)) {
				const kept = archive.gzipped ? store.add(await content()) : undefined;
				found.push({
					name,
					key,
					source: kept?.source,
					offset: kept?.offset ?? offset,
					length: size,
				});
			} else if (file.endsWith(".cls") && !unlabeled) {
				const said = size > 32 ? `${size} bytes` : new TextDecoder().decode(await content()).trim();
				if (!(/^\d{1,9}$/.test(said) && Number(said) < classes))
					throw new MobileNetError(
						"broken-file",
						`${path}: ${name} must contain the number of a class from 0 to ${classes - 1}, not ${shown(said)}.`,
					);
				labelOf.set(key, Number(said));
			}
		}
	} finally {
		await archive.close();
	}
	return { found, labelOf };
}

/** The classes in the `classes.tsv` beside the shards; undefined if there is none. */
async function classesBeside(paths: readonly string[]): Promise<readonly Label[] | undefined> {
	let first: { readonly file: string; readonly content: string } | undefined;
	for (const folder of new Set(paths.map((path) => dirname(path)))) {
		const file = join(folder, classesFile);
		const content = await readFile(file, "utf8").catch(() => undefined);
		if (content === undefined) continue;
		if (first && first.content !== content)
			throw new MobileNetError(
				"usage",
				`${file} and ${first.file} name different classes: the shards of a data set must have the same.`,
			);
		first ??= { file, content };
	}
	return first && parseClasses(first.content, first.file);
}
