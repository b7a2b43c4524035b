/**
 * What the model card says of the network that is shipped, as Markdown.
 *
 *   node --conditions=mobilenet-source models/default/measure.ts models/default/stages/larger.safetensors --final
 *
 * The argument is the network in float that finish.ts made it of, which is measured beside it. The shard is the one that
 * was held back; with `--final` it is the validation shard, by which nothing may be chosen. `--shared` is the folder that
 * holds `data`, ../shared unless told; `PICTURES` takes the first pictures of the shard only.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import sharp from "sharp";
import { metricsOf } from "../../packages/mobilenet/src/evaluation/index.ts";
import { dequantize, readModel, writeModel } from "../../packages/mobilenet/src/formats/index.ts";
import { bench, changedModel, type Model } from "../../packages/mobilenet/src/index.ts";
import { cost } from "../../packages/mobilenet/src/network/index.ts";
import {
	answersOf,
	bestOf,
	heading,
	percent,
	photographsOf,
	picturesOf,
	rocArea,
	row,
	trust,
} from "./answers.ts";
import { halved } from "./half.ts";

/** Seconds that each network is timed for. */
const timing = 3;
/** Starts of Node, of which the median counts. */
const starts = 15;

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: { final: { type: "boolean" }, shared: { type: "string", default: "../shared" } },
});
const [file] = positionals;
if (file === undefined) {
	console.error("give the network in float: measure.ts models/default/stages/larger.safetensors");
	process.exit(2);
}
const { PICTURES = "Infinity" } = process.env;
const data = join(values.shared, "data");
const tiny = join(data, "tiny-imagenet");

const shippedFile = fileURLToPath(new URL("mobilenet.safetensors", import.meta.url));
const int8 = await readModel(shippedFile);
const { size } = int8.configuration;
const { filter, fit } = int8.preprocessing;
const float = changedModel(dequantize(await readModel(file)), {
	size,
	preprocessing: { filter, fit },
});
const networks: readonly (readonly [name: string, model: Model, bytes: Uint8Array])[] = [
	["float32", float, writeModel(float)],
	["float16", halved(float), writeModel(halved(float))],
	["int8", int8, readFileSync(shippedFile)],
];
const names = networks.map(([name]) => name);
const photographs = await Promise.all(
	["ilsvrc_val_227", "imagenet_samples"].map(
		async (name) => [name, await photographsOf(data, name)] as const,
	),
);

console.log(origin());
await accuracy();
await sureness();
await price();
coldStart(await photograph());

/** Where and by what these figures were made. */
function origin(): string {
	const manifest = new URL("../../packages/mobilenet/package.json", import.meta.url);
	const { version } = JSON.parse(readFileSync(manifest, "utf8"));
	const day = new Date().toISOString().slice(0, 10);
	const made = `${day}, ${cpus()[0]!.model.trim()}, one thread, Node ${process.versions.node}, mobilenet ${version}:`;
	const command = ["models/default/measure.ts", ...process.argv.slice(2)].join(" ");
	return `${made}\n\n    node --conditions=mobilenet-source ${command}\n`;
}

async function accuracy(): Promise<void> {
	const location = join(tiny, values.final ? "val-0000.tar" : "train-0011.tar.gz");
	const pictures = await picturesOf(location, Number(PICTURES));
	const metrics: ReturnType<typeof metricsOf>[] = [];
	for (const [, model] of networks)
		metrics.push(metricsOf(pictures.truths, await answersOf(model, pictures)));
	const what = `${basename(location)}, ${pictures.truths.length} pictures`;
	heading("", ...names);
	row(`${what}: top-1, %`, ...metrics.map(({ top1, pictures }) => withError(top1, pictures)));
	row(`${what}: top-5, %`, ...metrics.map(({ top5, pictures }) => withError(top5, pictures)));
	row(`${what}: calibration error, %`, ...metrics.map(({ ece }) => percent(ece)));
	for (const [name, { known }] of photographs) {
		const cells: string[] = [];
		for (const [, model] of networks) {
			const { top1, pictures } = metricsOf(known.truths, await answersOf(model, known));
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
	for (const [name, { known, unknown }] of photographs) {
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
	const { multAdds, parameters } = cost(int8.configuration);
	console.log(`\n${size} pixels, ${grouped(multAdds)} multiply-adds, ${grouped(parameters)} parameters:\n`);
	heading("", ...names);
	row("bytes", ...networks.map(([, , bytes]) => grouped(bytes.length)));
	row("bytes by gzip", ...networks.map(([, , bytes]) => grouped(gzipSync(bytes, { level: 9 }).length)));
	const times: string[] = [];
	for (const [, model] of networks) {
		const { median, runs } = await bench(model, { threads: 1, seconds: timing });
		times.push(`${median.toFixed(2)} (${runs} runs)`);
	}
	row("milliseconds a picture on one thread, median", ...times);
}

/** From the start of Node to the end of its first prediction, with the package as it was built. */
function coldStart(picture: string): void {
	const built = new URL("../../packages/mobilenet/", import.meta.url);
	const program = `import { MobileNet } from "${new URL("dist/node/index.js", built)}";
		const model = await MobileNet.load();
		await model.classify(process.argv[1]);
		process.exit();`;
	const ways: Readonly<Record<string, readonly string[]>> = {
		"`MobileNet.load()` and `classify`": ["--input-type=module", "-e", program, picture],
		"`mobilenet classify`": [fileURLToPath(new URL("bin/mobilenet.js", built)), "classify", picture],
		"Node alone": ["-e", "0"],
	};
	console.log(`\nNode ${process.versions.node}, from start to end, milliseconds of ${starts} starts:\n`);
	heading("", "median", "least");
	for (const [name, words] of Object.entries(ways)) {
		const times = Array.from({ length: starts }, () => {
			const start = performance.now();
			const { status, stderr } = spawnSync(process.execPath, words);
			if (status !== 0) throw new Error(`${name}: ${stderr}`);
			return performance.now() - start;
		}).sort((a, b) => a - b);
		row(name, times[starts >> 1]!.toFixed(0), times[0]!.toFixed(0));
	}
	rmSync(dirname(picture), { recursive: true });
}

/** A JPEG of a size as pages have them. */
async function photograph(): Promise<string> {
	const [width, height] = [640, 480];
	const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => 128 + 100 * Math.sin(i / 997));
	const file = join(mkdtempSync(join(tmpdir(), "mobilenet-")), "photo.jpg");
	await sharp(data, { raw: { width, height, channels: 3 } }).toFile(file);
	return file;
}

/** `1,234,567`. */
function grouped(value: number): string {
	return value.toLocaleString("en-US");
}

/** A share of so many pictures in percent, with its standard error. */
function withError(share: number, pictures: number): string {
	return `${percent(share)} ± ${percent(Math.sqrt((share * (1 - share)) / pictures))}`;
}
