/**
 * What the model card says of the network that is shipped, as Markdown.
 *
 *   node --conditions=mobilenet-source models/default/measure.ts models/default/work/large.safetensors [shard]
 *
 * The first argument is the network in float that finish.ts made it of, which is measured beside it; the kept one,
 * stages/large.safetensors, will do. The shard is the one that was held back unless another is given; `--final` takes
 * the validation shard, by which nothing may be chosen. `--shared` is the folder that holds `data`, ../shared unless
 * told; `PICTURES` takes the first pictures of the shard only.
 */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { columnOf, parseTable } from "../../packages/mobilenet/src/data/tables.ts";
import { metricsOf } from "../../packages/mobilenet/src/evaluation/metrics.ts";
import { readModel } from "../../packages/mobilenet/src/formats/read.ts";
import { changedRecord } from "../../packages/mobilenet/src/model/changed-record.ts";
import { MobileNet } from "../../packages/mobilenet/src/model/mobilenet.ts";
import { dequantise } from "../../packages/mobilenet/src/weights/dequantise.ts";
import type { Model } from "../../packages/mobilenet/src/weights/record.ts";
import { writeModel } from "../../packages/mobilenet/src/weights/record-file.ts";
import { madeWith } from "../../packages/mobilenet/test/studies/tiny-imagenet.ts";
import {
	answersOf,
	bestOf,
	heading,
	type Pictures,
	percent,
	picturesOf,
	rocArea,
	row,
	trust,
} from "./answers.ts";
import { halved } from "./half.ts";

const photographs = ["ilsvrc_val_227", "imagenet_samples"];
/** Seconds that each network is timed for. */
const timing = 3;

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { final: { type: "boolean" }, shared: { type: "string", default: "../shared" } },
});
const [file, shard] = positionals;
if (file === undefined) {
	console.error("give the network in float: measure.ts models/default/work/large.safetensors");
	process.exit(2);
}
const { PICTURES = "Infinity" } = process.env;
const data = join(values.shared, "data");
const tiny = join(data, "tiny-imagenet");

const shippedFile = fileURLToPath(new URL("mobilenet.safetensors", import.meta.url));
const int8 = await readModel(shippedFile);
const { size } = int8.configuration;
const { filter, fit, detail } = int8.preprocessing;
const float = changedRecord(dequantise(await readModel(file)), {
	size,
	preprocessing: { filter, fit, detail },
});
const networks: readonly (readonly [name: string, record: Model, bytes: Uint8Array])[] = [
	["float32", float, writeModel(float)],
	["float16", halved(float), writeModel(halved(float))],
	["int8", int8, readFileSync(shippedFile)],
];
const names = networks.map(([name]) => name);
/** Of ImageNet's thousand classes, by number: which of the network's it is. */
const outputs = outputsOf(join(tiny, "classes.tsv"));

console.log(madeWith(`node --conditions=mobilenet-source models/default/measure.ts ${basename(file)}`));
await accuracy();
await sureness();
await price();

async function accuracy(): Promise<void> {
	const location = values.final ? join(tiny, "val-0000.tar") : (shard ?? join(tiny, "train-0011.tar.gz"));
	const pictures = await picturesOf(location, Number(PICTURES));
	const metrics: ReturnType<typeof metricsOf>[] = [];
	for (const [, record] of networks)
		metrics.push(metricsOf(pictures.truths, await answersOf(record, pictures)));
	const what = `${basename(location)}, ${pictures.truths.length} pictures`;
	heading("", ...names);
	row(`${what}: top-1, %`, ...metrics.map(({ top1, pictures }) => withError(top1, pictures)));
	row(`${what}: top-5, %`, ...metrics.map(({ top5, pictures }) => withError(top5, pictures)));
	row(`${what}: calibration error, %`, ...metrics.map(({ ece }) => percent(ece)));
	for (const name of photographs) {
		const { known } = await photographsOf(name);
		const cells: string[] = [];
		for (const [, record] of networks) {
			const { top1, pictures } = metricsOf(known.truths, await answersOf(record, known));
			cells.push(withError(top1, pictures));
		}
		row(`${name}, ${known.truths.length} photographs of the classes: top-1, %`, ...cells);
	}
}

/** What the network says of things that it knows, and of others. */
async function sureness(): Promise<void> {
	const { sureFrom } = int8;
	if (sureFrom === undefined) return;
	console.log(`\nint8, an answer being sure from a probability of ${sureFrom} on:\n`);
	heading(
		"photographs",
		...["of the classes", "unsure, %", "right of the sure, %", "of others", "unsure, %", "ROC area"],
	);
	for (const name of photographs) {
		const { known, unknown } = await photographsOf(name);
		const ofKnown = bestOf(await answersOf(int8, known), known);
		const ofUnknown = bestOf(await answersOf(int8, unknown), unknown);
		const { sure, unsure } = trust(ofKnown, sureFrom);
		row(
			...[name, ofKnown.length, percent(unsure.share), percent(sure.right)],
			...[ofUnknown.length, percent(trust(ofUnknown, sureFrom).unsure.share)],
			rocArea(ofKnown, ofUnknown).toFixed(3),
		);
	}
}

async function price(): Promise<void> {
	const model = await MobileNet.from(int8, { threads: 1 });
	const { multAdds, parameters } = model.cost();
	model.dispose();
	console.log(`\n${size} pixels, ${grouped(multAdds)} multiply-adds, ${grouped(parameters)} parameters:\n`);
	heading("", ...names);
	row("bytes", ...networks.map(([, , bytes]) => grouped(bytes.length)));
	row("bytes by gzip", ...networks.map(([, , bytes]) => grouped(gzipSync(bytes, { level: 9 }).length)));
	const times: string[] = [];
	for (const [, record] of networks) {
		const timed = await MobileNet.from(record, { threads: 1 });
		const { median, runs } = await timed.bench({ seconds: timing });
		times.push(`${median.toFixed(2)} (${runs} runs)`);
		timed.dispose();
	}
	row("milliseconds a picture on one thread, median", ...times);
}

/** Photographs of the network's classes, and those of others, which have none of its classes. */
async function photographsOf(
	name: string,
): Promise<{ readonly known: Pictures; readonly unknown: Pictures }> {
	const all = await picturesOf(join(data, name, "labels.tsv"));
	const truths = all.truths.map((index) => outputs.get(index) ?? -1);
	const part = (isKnown: boolean): Pictures => ({
		sources: all.sources.filter((_, picture) => truths[picture]! >= 0 === isKnown),
		truths: truths.filter((truth) => truth >= 0 === isKnown),
		classes: int8.labels!,
	});
	return { known: part(true), unknown: part(false) };
}

function outputsOf(path: string): ReadonlyMap<number, number> {
	const table = parseTable(readFileSync(path, "utf8"), path);
	const numbers = (column: string): readonly number[] =>
		table.rows.map(({ cells }) => Number(cells[columnOf(table, [column])]));
	const own = numbers("index");
	return new Map(numbers("ilsvrc_index").map((index, i) => [index, own[i]!]));
}

/** A share of so many pictures in percent, with its standard error. */
function withError(share: number, pictures: number): string {
	return `${percent(share)} ± ${percent(Math.sqrt((share * (1 - share)) / pictures))}`;
}

function grouped(count: number): string {
	return count.toLocaleString("en-US");
}
