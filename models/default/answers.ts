/**
 * What networks answer to pictures whose classes are known, and what follows from that: how far their probabilities can
 * be believed, and which answers are sure. finish.ts and measure.ts share it.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { openDataset } from "../../packages/mobilenet/src/data/index.ts";
import { columnOf, parseTable } from "../../packages/mobilenet/src/data/tables.ts";
import { MobileNet } from "../../packages/mobilenet/src/model/mobilenet.ts";
import type { PictureSource } from "../../packages/mobilenet/src/model/pictures.ts";
import type { Label, Model } from "../../packages/mobilenet/src/weights/model.ts";

export interface Pictures {
	readonly sources: readonly PictureSource[];
	/** The class of each. */
	readonly truths: Int32Array;
}

/** All pictures of a shard or a list, or the first of them. */
export async function picturesOf(
	location: string,
	most = Number.POSITIVE_INFINITY,
): Promise<Pictures & { readonly classes: readonly Label[] }> {
	const dataset = await openDataset(location);
	const truths = dataset.labels.slice(0, most);
	const sources: PictureSource[] = [];
	for (const picture of truths.keys()) sources.push(await dataset.read(picture));
	await dataset.close();
	return { sources, truths, classes: dataset.classes };
}

/** Photographs of the network's classes, and those of others, which have none of its classes. */
export async function photographsOf(
	data: string,
	name: string,
): Promise<{ readonly known: Pictures; readonly unknown: Pictures }> {
	const all = await picturesOf(join(data, name, "labels.tsv"));
	const path = join(data, "tiny-imagenet", "classes.tsv");
	const table = parseTable(readFileSync(path, "utf8"), path);
	const [own, others] = [columnOf(table, ["index"]), columnOf(table, ["ilsvrc_index"])];
	// Of ImageNet's thousand classes, by number: which of the network's it is.
	const outputs = new Map(table.rows.map(({ cells }) => [Number(cells[others]), Number(cells[own])]));
	const truths = all.truths.map((index) => outputs.get(index) ?? -1);
	const part = (isKnown: boolean): Pictures => ({
		sources: all.sources.filter((_, picture) => truths[picture]! >= 0 === isKnown),
		truths: truths.filter((truth) => truth >= 0 === isKnown),
	});
	return { known: part(true), unknown: part(false) };
}

/** The probabilities of all classes for each picture, as `classify` comes to them. */
export async function answersOf(model: Model, { sources }: Pictures): Promise<readonly Float32Array[]> {
	const mobilenet = await MobileNet.from(model, { threads: 1 });
	const rows: Float32Array[] = [];
	for await (const row of mobilenet.probabilitiesEach(sources, { batch: 8 })) {
		if ("error" in row) throw row.error;
		rows.push(row.probabilities);
	}
	mobilenet.dispose();
	return rows;
}

/** A picture's best answer. */
export interface Best {
	readonly probability: number;
	readonly isRight: boolean;
}

export function bestOf(rows: readonly Float32Array[], { truths }: Pictures): readonly Best[] {
	return rows.map((row, picture) => {
		const probability = row.reduce((most, p) => Math.max(most, p), 0);
		return { probability, isRight: row.indexOf(probability) === truths[picture] };
	});
}

/** Of answers with a probability from the threshold on, and of those below: their share, and how many of them are right. */
export function trust(answers: readonly Best[], threshold: number) {
	const part = (isSure: boolean) => {
		const own = answers.filter(({ probability }) => probability >= threshold === isSure);
		return {
			share: own.length / answers.length,
			right: own.filter(({ isRight }) => isRight).length / own.length,
		};
	};
	return { sure: part(true), unsure: part(false) };
}

/**
 * Area under the ROC curve: how probable it is that of a known and an unknown picture, taken at random, the known one has
 * the more probable best answer. Equal ones count half.
 */
export function rocArea(known: readonly Best[], unknown: readonly Best[]): number {
	let wins = 0;
	for (const { probability } of known)
		for (const other of unknown)
			wins += probability > other.probability ? 1 : probability === other.probability ? 0.5 : 0;
	return wins / (known.length * unknown.length);
}

/** A row of a Markdown table. */
export function row(...cells: readonly (string | number)[]): void {
	console.log(`| ${cells.join(" | ")} |`);
}

/** The first row of a Markdown table: the first column is of words, the others of numbers. */
export function heading(first: string, ...titles: readonly string[]): void {
	row(first, ...titles);
	row("---", ...titles.map(() => "---:"));
}

export function percent(share: number): string {
	return (100 * share).toFixed(1);
}
