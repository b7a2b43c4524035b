/**
 * The model files that fuzzing damages: every file of ../shared that a format's reader claims, however many formats there
 * are by now, and safetensors files that are written here. Those of hostile.ts are found by name, too.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { readModel } from "../../src/formats/index.ts";
import { writeModel } from "../../src/formats/safetensors/model-writer.ts";
import { formats, hubConfiguration, hubWeights } from "../../src/formats/table.ts";
import { configure } from "../../src/network/configuration.ts";
import { initialize } from "../../src/weights/initialize.ts";
import { graphDef, nodesOf, usualDialect } from "../support/graph-builder.ts";
import { missing, shared } from "../support/shared-paths.ts";
import { hostileFiles } from "./hostile.ts";

/** A model as its reader gets it: a file, and those beside it. */
export interface ModelFiles {
	/** How the reader calls the file that is read first. */
	readonly main: string;
	/** By name, the main file first. */
	readonly parts: ReadonlyMap<string, Uint8Array>;
}

const folders = ["weights", "golden/formats", "golden/formats/hf", ...foldersIn("wild")];
const folderModel = "model.json";

/** Safetensors files by name: of a new network, or of another file's, so that there are all types of tensors. */
const written: Readonly<Record<string, string | undefined>> = {
	"written/F32.safetensors": undefined,
	"written/F16.safetensors": "weights/mobilenet_v1_0.25_224_fp16.tflite",
	"written/U8.safetensors": "weights/mobilenet_v1_0.25_128_quant.tflite",
	"written/I8.safetensors": "weights/mobilenet_v1_0.25_224_int8.tflite",
};

/** A graph of operators that none of ../shared has: zeros as an operator, weights behind others, batch norm written out. */
const writtenGraph = "written/graph.pb";

/** The names of all models that there are here; without ../shared, two. */
export function modelNames(): readonly string[] {
	const own = Object.entries(written)
		.filter(([, source]) => source === undefined || missing([source]) === undefined)
		.map(([name]) => name);
	const found = folders
		.filter((folder) => missing([folder]) === undefined)
		.flatMap((folder) => readdirSync(shared(folder)).map((name) => `${folder}/${name}`))
		.filter(isModel);
	return [...own, writtenGraph, ...found];
}

/** The same of any other folder, and of the folders in it; their names are absolute paths. */
export function modelNamesIn(folder: string): readonly string[] {
	return readdirSync(folder, { withFileTypes: true }).flatMap((entry): readonly string[] => {
		const path = join(folder, entry.name);
		if (isModel(path)) return [path];
		return entry.isDirectory() ? modelNamesIn(path) : [];
	});
}

function pathOf(name: string): string {
	return isAbsolute(name) ? name : shared(name);
}

/** The weights in a folder as Hugging Face and timm publish it, if it is one. */
function hubWeightsIn(folder: string): string | undefined {
	const names = readdirSync(folder);
	return names.includes(hubConfiguration) ? hubWeights.find((name) => names.includes(name)) : undefined;
}

function foldersIn(parent: string): string[] {
	if (missing([parent])) return [];
	return readdirSync(shared(parent), { withFileTypes: true }).flatMap((entry) =>
		entry.isDirectory() ? [`${parent}/${entry.name}`] : [],
	);
}

function isModel(path: string): boolean {
	if (statSync(pathOf(path)).isDirectory())
		return readdirSync(pathOf(path)).includes(folderModel) || hubWeightsIn(pathOf(path)) !== undefined;
	return formats.some(({ read, endings }) => read && endings.some((ending) => path.endsWith(ending)));
}

export async function modelFiles(name: string): Promise<ModelFiles> {
	if (name === writtenGraph) {
		const model = initialize(configure({ alpha: 0.25, size: 32, classes: 10 }), { seed: 1 });
		const dialect = { zeros: "Pad", reads: true, batchNorm: "written out", classifier: "MatMul" } as const;
		const bytes = graphDef(nodesOf(model, { ...usualDialect, ...dialect }));
		return { main: basename(name), parts: new Map([[basename(name), bytes]]) };
	}
	if (Object.hasOwn(written, name)) {
		const source = written[name];
		const model = source
			? await readModel(shared(source))
			: initialize(configure({ alpha: 0.25, size: 32, classes: 10 }), { seed: 1 });
		return { main: basename(name), parts: new Map([[basename(name), writeModel(model)]]) };
	}
	const made = hostileFiles[basename(name)];
	if (made && dirname(name) === "made")
		return { main: basename(name), parts: new Map([[basename(name), made()]]) };
	const path = pathOf(name);
	const read = (file: string) => new Uint8Array(readFileSync(join(path, file)));
	if (!statSync(path).isDirectory())
		return {
			main: basename(name),
			parts: new Map([[basename(name), new Uint8Array(readFileSync(join(dirname(path), basename(name))))]]),
		};
	const main = hubWeightsIn(path) ?? folderModel;
	const others = readdirSync(path).filter((file) => file !== main);
	return { main, parts: new Map([main, ...others].map((file) => [file, read(file)])) };
}
