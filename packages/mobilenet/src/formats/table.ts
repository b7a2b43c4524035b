/**
 * The formats that can be read: how each is told by its first bytes, and its reader, which is imported only when a
 * file of its format is met.
 */
import type { Model } from "../weights/model.ts";
import type { ModelFile } from "./file.ts";

export interface Format {
	/** As people say it. */
	readonly name: string;
	/** Endings of its files, for finding the model in a folder. */
	readonly endings: readonly string[];
	/** Whether a file is of this format, broken or not. */
	sniff(bytes: Uint8Array): boolean;
	read(file: ModelFile): Promise<Model>;
}

export const formats: readonly Format[] = [
	{
		name: "safetensors",
		endings: [".safetensors"],
		// The length of the JSON in eight bytes, of which the highest are 0 in any file that fits a disk, then the JSON.
		sniff: (bytes) => bytes[8] === code("{") && bytes.subarray(5, 8).every((byte) => byte === 0),
		read: async ({ bytes, name }) => (await import("./safetensors/model-file.ts")).readModelFile(bytes, name),
	},
	{
		name: "TensorFlow Lite",
		endings: [".tflite", ".lite"],
		sniff: (bytes) => startsWith(bytes, "TFL3", 4),
		read: async (file) => {
			const [{ readTensorFlowLite }, { recognize }] = await Promise.all([
				import("./tflite/read.ts"),
				import("./chain/recognize.ts"),
			]);
			return recognize(await readTensorFlowLite(file));
		},
	},
	{
		name: "TensorFlow.js layers model",
		endings: ["model.json"],
		sniff: (bytes) => firstCharacter(bytes) === code("{"),
		read: async (file) => {
			const [{ readTensorFlowJs }, { recognize }] = await Promise.all([
				import("./tensorflowjs/read.ts"),
				import("./chain/recognize.ts"),
			]);
			return recognize(await readTensorFlowJs(file));
		},
	},
	{
		name: "Keras HDF5",
		endings: [".h5", ".hdf5"],
		sniff: (bytes) => startsWith(bytes, "\x89HDF\r\n\x1a\n"),
		read: async (file) => {
			const [{ readKerasHdf5 }, { recognize }] = await Promise.all([
				import("./keras/read.ts"),
				import("./chain/recognize.ts"),
			]);
			return recognize(readKerasHdf5(file));
		},
	},
];

/** Whether bytes hold a text of ASCII characters at an offset. */
export function startsWith(bytes: Uint8Array, text: string, offset = 0): boolean {
	for (let i = 0; i < text.length; i++) if (bytes[offset + i] !== text.charCodeAt(i)) return false;
	return true;
}

/** The first byte that is no white space and no byte order mark. */
export function firstCharacter(bytes: Uint8Array): number | undefined {
	return bytes.subarray(0, 1024).find((byte) => byte > 32 && ![0xef, 0xbb, 0xbf].includes(byte));
}

function code(character: string): number {
	return character.charCodeAt(0);
}
