/**
 * Model files that nobody's file damaged at random becomes: brackets within brackets, keys and names of megabytes,
 * millions of small things, archives of bombs. None holds a network.
 */
import { zipSync } from "fflate";
import { bytesOf, hdf5Of } from "../support/hdf5-builder.ts";

const million = 1_000_000;

/** By name, the file as it would lie on a disk; all are made the same every time. */
export const hostileFiles: Readonly<Record<string, () => Uint8Array>> = {
	"lists.json": () => utf8(`{"modelTopology":${"[".repeat(6 * million)}`),
	"closed-lists.json": () => utf8(`{"modelTopology":${"[".repeat(3 * million)}${"]".repeat(3 * million)}}`),
	"objects.json": () => utf8('{"modelTopology":'.repeat(400_000)),
	"empty-lists.json": () => utf8(`{"modelTopology":[${"[],".repeat(2 * million)}[]]}`),
	"empty-objects.json": () => utf8(`{"modelTopology":{},"weightsManifest":[${"{},".repeat(2 * million)}{}]}`),
	"long-key.json": () => utf8(`{"modelTopology":{"${"k".repeat(6 * million)}":1},"weightsManifest":[]}`),
	"long-class.json": () =>
		utf8(`{"modelTopology":{"class_name":"${"c".repeat(6 * million)}"},"weightsManifest":[]}`),
	"many-weights.json": () => {
		const entry = '{"name":"a","shape":[],"dtype":"float32"}';
		return utf8(`{"modelTopology":{},"weightsManifest":[{"paths":[],"weights":[${many(entry, 200_000)}]}]}`);
	},
	"many-layers.json": () => {
		const layers = many('{"name":"z"}', 50_000);
		const config = `{"input_layers":[["a",0,0]],"output_layers":[["a",0,0]],"layers":[${layers}]}`;
		return utf8(`{"modelTopology":{"class_name":"Model","config":${config}},"weightsManifest":[]}`);
	},
	// One layer that takes its own output, said at the end of a long list of numbers.
	"one-circle.json": () => {
		const history = `{"class_name":"__keras_tensor__","config":{"keras_history":["a",0,0]}}`;
		const loop = `{"name":"a","inbound_nodes":[{"args":[[${many("0", 15_000)}],${history}]}]}`;
		const layers = `${many('{"name":"z"}', 15_000)},${loop}`;
		const config = `{"input_layers":[["in",0,0]],"output_layers":[["a",0,0]],"layers":[${layers}]}`;
		return utf8(`{"modelTopology":{"class_name":"Functional","config":${config}},"weightsManifest":[]}`);
	},
	"lists.safetensors": () => safetensors(`{"a":${"[".repeat(6 * million)}`),
	"long-key.safetensors": () => safetensors(`{"${"k".repeat(6 * million)}":{"dtype":"F32","shape":[-1]}}`),
	"many-tensors.safetensors": () => {
		const entry = (i: number): string => `"a${i}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`;
		return safetensors(`{${Array.from({ length: 300_000 }, (_, i) => entry(i)).join()}}`);
	},
	"lists-in-metadata.safetensors": () =>
		safetensors(`{"__metadata__":{"mobilenet":"${"[".repeat(3 * million)}"}}`),
	"lists-in-attribute.h5": () => hdf5Of({ attributes: { model_config: "[".repeat(60_000) } }),
	"many-files.keras": () =>
		zipSync(Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`${i}`, new Uint8Array(0)]))),
	"bomb.keras": () => zipSync({ "model.weights.h5": new Uint8Array(20 * million) }),
	"long-path.pt": () =>
		zipSync({ ["p".repeat(65_000)]: new Uint8Array(1), "archive/data.pkl": new Uint8Array(1) }),
};

function many(text: string, count: number): string {
	return new Array<string>(count).fill(text).join();
}

function utf8(text: string): Uint8Array {
	return new TextEncoder().encode(text);
}

function safetensors(header: string): Uint8Array {
	return bytesOf([header.length, 8], header);
}
