/** What someone who has installed the package writes: programs for Node, and one that TypeScript checks. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const classify = `
const model = await MobileNet.create({ alpha: 0.25, size: 64, classes: 5 }, { seed: 1, threads: 2 });
const picture = { data: new Uint8Array(64 * 64 * 3).fill(90), width: 64, height: 64, channels: 3 };
// Often enough for workers to join, and for all code to be compiled for speed meanwhile.
for (const end = performance.now() + 700; performance.now() < end; ) await model.classify(picture);
const [best] = await model.classify(picture);
console.log(model.build, best.index, best.probability.toFixed(4));`;

const programs = {
	"import.mjs": `import { MobileNet } from "mobilenet";${classify}`,
	"require.cjs": `const { MobileNet } = require("mobilenet");(async () => {${classify}})();`,
	"entries.mjs": `
import manifest from "mobilenet/package.json" with { type: "json" };
for (const entry of Object.keys(manifest.exports))
	if (entry !== "./package.json") {
		const names = Object.keys(await import("mobilenet" + entry.slice(1)));
		if (names.length === 0) throw new Error(entry + " is empty");
	}
console.log("all");`,
	// The model that the package carries answers as its file does, which is given as an argument.
	"default.mjs": `
import { MobileNet } from "mobilenet";
const data = Uint8Array.from({ length: 90 * 70 * 3 }, (_, i) => (i * 7 + Math.floor(i / 900)) % 256);
const picture = { data, width: 90, height: 70, channels: 3 };
const [own, file] = [await MobileNet.load(), await MobileNet.load(process.argv[2])];
const [answers, expected] = [await own.classify(picture), await file.classify(picture)];
console.log(JSON.stringify(answers) === JSON.stringify(expected) ? "as its file" : "unlike its file", answers[0].label);`,
	"without-sharp.mjs": `
import { MobileNet } from "mobilenet";
const model = await MobileNet.create({ alpha: 0.25, size: 32 });
await model.classify(Uint8Array.of(255, 216, 255, 224)).catch((error) => console.log(error.message));`,
	"use.mts": `
import { MobileNet, MobileNetError, type Prediction } from "mobilenet";
import { entries, pullWeights } from "mobilenet/catalog";
import { type Dataset, datasetOf } from "mobilenet/data";
import { curvesSvg, reportHtml } from "mobilenet/evaluation";
import { readModel } from "mobilenet/formats";
import { configure, cost, layers, summary } from "mobilenet/network";
import { quantize } from "mobilenet/quantization";
import { train } from "mobilenet/training";
const model = await MobileNet.load("model.tflite", { size: 160 });
for (const own of [await MobileNet.load(), await MobileNet.load(undefined, { size: 160 })]) own.dispose();
const rows: Prediction[][] = await model.classify(["a.jpg", new Uint8Array(3)], { top: 3 });
const one: Prediction[] = await model.classify({ data: new Uint8Array(3), width: 1, height: 1, channels: 3 });
const vector: Float32Array = await model.embed("a.jpg");
for await (const { key } of model.embedEach([{ key: 7, source: "a.jpg" }])) key.toFixed();
if (rows.length + one.length + vector.length === 0) throw new MobileNetError("usage", summary(configure()));
console.log(cost(configure()).multAdds, layers(configure()).length, (await readModel("x")).configuration.alpha);
const curves: string = curvesSvg([{ epoch: 1, loss: 2 }]);
console.log(entries[0]?.name, pullWeights, curves, reportHtml, quantize, train, datasetOf satisfies (...words: never[]) => Dataset);
// @ts-expect-error: there is no such option
await model.classify("a.jpg", { best: 1 });
model.dispose();
export {};`,
} as const;

/** How projects resolve modules whose TypeScript checks \`use.mts\`. */
export const resolutions = {
	node16: { module: "node16", moduleResolution: "node16" },
	bundler: { module: "esnext", moduleResolution: "bundler" },
} as const;

export function writePrograms(place: string): void {
	for (const [name, text] of Object.entries(programs)) writeFileSync(join(place, name), text);
	for (const [name, options] of Object.entries(resolutions))
		writeFileSync(
			join(place, `tsconfig.${name}.json`),
			JSON.stringify({
				compilerOptions: {
					...options,
					target: "es2022",
					lib: ["es2022", "dom"],
					strict: true,
					noEmit: true,
					types: [],
				},
				files: ["use.mts"],
			}),
		);
}
