/** The pictures named on the command line: files, folders, globs, URLs, standard input, raw pixels. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { glob, isDynamicPattern } from "tinyglobby";
import type { NamedPicture } from "../evaluation/index.ts";
import type { PictureSource } from "../index.ts";
import type { ProcessLike } from "./context.ts";
import { errorLine, messageOf, usageError } from "./errors.ts";
import { isAddress } from "./locations.ts";
import { expected, wholeNumber } from "./options/numbers.ts";

/** Width and height of raw pixels, three bytes each. */
export interface RawSize {
	readonly width: number;
	readonly height: number;
}

/** `640x480`. */
export function rawSize(input: string): RawSize {
	const [, width, height] = /^(\d+)x(\d+)$/.exec(input) ?? [];
	if (!(Number(width) > 0 && Number(height) > 0))
		throw expected("a width and a height such as 640x480", input);
	return { width: Number(width), height: Number(height) };
}

/** Redirects of an address that are followed: whoever types an address sees what comes of it. */
export const redirects = 5;

/** Options of every command that sends pictures through a model. */
export interface PicturesOptions {
	readonly batch: number;
	readonly rgb?: RawSize | undefined;
}

export const pictureFlags = {
	batch: {
		kind: "parsed",
		parse: wholeNumber,
		default: "1",
		placeholder: "count",
		brief: "pictures to run at a time",
	},
	rgb: {
		kind: "parsed",
		parse: rawSize,
		optional: true,
		placeholder: "WxH",
		brief: "read raw pixels of this size, three bytes each, from standard input or .rgb files",
	},
} as const;

export const picturesArgument = {
	kind: "array",
	parameter: {
		brief: "files, folders, globs, URLs, or - for standard input",
		parse: (input: string) => input,
		placeholder: "picture",
	},
} as const;

/** Fails if the command line names no pictures, before a model is loaded. */
export function checkPictures(inputs: readonly string[], purpose: string): void {
	if (inputs.length === 0)
		throw usageError(
			`there are no pictures to ${purpose}: give files, folders, globs, URLs, or - for standard input.`,
		);
}

/** A picture's error as it is shown: one line that names the file once. */
export function pictureError(file: string, error: unknown): string {
	const message = messageOf(error);
	return errorLine(message.includes(file) ? message : `${file}: ${message}`);
}

/**
 * The pictures in order. A path that does not exist is passed on unchanged: reading it gives the error. Folders are
 * searched recursively, and files without a picture's ending are skipped.
 *
 * @param raw the size, if the files hold raw pixels
 */
export async function* picturesOf(
	inputs: readonly string[],
	stdin: ProcessLike["stdin"],
	raw: RawSize | undefined,
): AsyncGenerator<NamedPicture, void, void> {
	const { isPictureName } = await import("../index.ts");
	const isWanted = raw ? (file: string) => /\.rgb$/i.test(file) : isPictureName;
	for (const input of inputs) {
		if (input === "-") yield { key: input, source: pixelsOr(await readAll(stdin), raw) };
		else
			for await (const file of filesOf(input, isWanted))
				yield { key: file, source: raw ? await rawFile(file, raw) : file };
	}
}

async function* filesOf(
	input: string,
	isWanted: (file: string) => boolean,
): AsyncGenerator<string, void, void> {
	if (isAddress(input)) {
		yield input;
		return;
	}
	const found = await stat(input).catch(() => undefined);
	if (found?.isDirectory()) {
		const files = (await readdir(input, { recursive: true })).filter(isWanted).sort();
		if (files.length === 0) throw usageError(`the folder ${input} holds no pictures.`);
		for (const file of files) yield join(input, file);
	} else if (!found && isDynamicPattern(input)) {
		const files = (await glob(input.replaceAll("\\", "/"), { absolute: false })).sort();
		yield* files.length > 0 ? files : [input];
	} else yield input;
}

async function rawFile(file: string, raw: RawSize): Promise<PictureSource> {
	try {
		return pixelsOr(await readFile(file), raw);
	} catch {
		// The error appears in its row, when it is read again.
		return file;
	}
}

function pixelsOr(bytes: Uint8Array, raw: RawSize | undefined): PictureSource {
	return raw ? { data: bytes, ...raw, channels: 3 } : bytes;
}

async function readAll(stdin: ProcessLike["stdin"]): Promise<Uint8Array> {
	const chunks: Uint8Array[] = [];
	for await (const chunk of stdin)
		chunks.push(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk);
	return Buffer.concat(chunks);
}
