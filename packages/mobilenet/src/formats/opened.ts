/**
 * A model opened as far as its container, before anybody knows its format: many formats are zips, many are JSON, many
 * are safetensors, and only what is in them tells which. What is opened here is opened once, and readers take it from
 * there.
 */
import { startsWith } from "../base/bytes.ts";
import { MobileNetError, messageOf } from "../base/error.ts";
import { isJson, type Json, parseJson } from "../base/json.ts";
import type { ModelFile } from "./file.ts";
import { readSafetensors, type Safetensors } from "./safetensors/safetensors.ts";
import type { ZipEntry } from "./zip.ts";

/** A file, and, where it is a container, what it contains; a folder has no bytes. */
export interface Opened extends ModelFile {
	/** Names of the files in a folder. */
	readonly folder?: readonly string[];
	readonly zip?: readonly ZipEntry[];
	readonly json?: Json;
	readonly safetensors?: Safetensors;
}

/**
 * A file with what it contains.
 *
 * @throws MobileNetError `broken-file` where a container is damaged, or `unsupported` for one that is not read
 * @example
 * (await openFile(file)).json?.modelTopology !== undefined // whether it is a layers model of TensorFlow.js
 */
export async function openFile(file: ModelFile): Promise<Opened> {
	const { bytes, name } = file;
	if (startsLikeSafetensors(bytes)) return { ...file, safetensors: readSafetensors(bytes, name) };
	if (firstCharacter(bytes) === code("{")) return { ...file, json: jsonOf(file) };
	if (looksLikeC(bytes)) {
		const { arrayInC } = await import("./c-array.ts");
		const array = arrayInC(bytes);
		return array ? { ...file, bytes: array } : file;
	}
	if (!startsWith(bytes, "PK\x03\x04")) return file;
	const { zipEntries } = await import("./zip.ts");
	const zip = zipEntries(bytes, name);
	return { ...file, ...(zip && { zip }) };
}

/** The length of the JSON in eight bytes, of which the highest are 0 in any file that fits a disk, then the JSON. */
function startsLikeSafetensors(bytes: Uint8Array): boolean {
	return bytes[8] === code("{") && bytes.subarray(5, 8).every((byte) => byte === 0);
}

/** How source files in C begin: with a comment, a directive or a declaration. */
function looksLikeC(bytes: Uint8Array): boolean {
	const text = String.fromCharCode(...bytes.subarray(0, 200));
	return /^\s*(\/[/*]|#\s*(include|if|pragma|define)|(static|alignas|const|unsigned|extern|constexpr|namespace|uint8_t|g?_?_?attribute)\b)/.test(
		text,
	);
}

/** The first byte that is no white space and no byte order mark. */
function firstCharacter(bytes: Uint8Array): number | undefined {
	return bytes.subarray(0, 1024).find((byte) => byte > 32 && ![0xef, 0xbb, 0xbf].includes(byte));
}

function jsonOf({ bytes, name }: ModelFile): Json {
	try {
		const json = parseJson(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
		return isJson(json) ? json : {};
	} catch (error) {
		throw new MobileNetError(
			"broken-file",
			`${name}: it starts like JSON but is none (${messageOf(error)}); it is cut short or damaged.`,
			{ cause: error },
		);
	}
}

function code(character: string): number {
	return character.charCodeAt(0);
}
