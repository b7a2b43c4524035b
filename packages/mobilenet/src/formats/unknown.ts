/**
 * Why nothing is read: what a file is instead of one of a format that is read, as far as its content tells, or what a
 * folder holds instead of one model.
 */
import { startsWith } from "../base/bytes.ts";
import { type ErrorCode, MobileNetError } from "../base/error.ts";
import type { Format } from "./format.ts";
import { afterLength } from "./graphdef/first-node.ts";
import type { Opened } from "./opened.ts";
import { formats } from "./table.ts";

interface Kind {
	readonly fits: (opened: Opened, text: string) => boolean | undefined;
	readonly what: string;
	readonly code: ErrorCode;
}

/** An error names so many of a folder's files. */
const mostNamed = 10;

/** What becomes of TensorFlow's own files that are not read. */
const wayRound =
	"convert it to TensorFlow Lite (tf.lite.TFLiteConverter), or freeze it into a GraphDef (convert_variables_to_constants)";
/** What becomes of other frameworks' files. */
const wayOut = "convert it to ONNX or TensorFlow Lite";
/** The first of a Paddle program's blocks has the number 0 and lies in none (−1). */
const outermostBlock = "\x08\x00\x10\xff\xff\xff\xff\x0f";
/** The last bytes of TensorFlow's tables of keys, which checkpoints have. */
const tableMagic = "\x57\xfb\x80\x8b\x24\x75\x47\xdb";

const kinds: readonly Kind[] = [
	{ fits: ({ bytes }) => bytes.length === 0, what: "it is empty", code: "broken-file" },
	{
		fits: (_, text) => /^\s*(<\?xml[^>]*>\s*)?<net\b/.test(text),
		what: `it is the graph of an OpenVINO model, which is not read yet: ${wayOut}`,
		code: "unsupported",
	},
	{
		fits: (_, text) => /^\s*<(!doctype|html|head|\?xml)/i.test(text),
		what: "it is an HTML page, perhaps a server's error instead of the file",
		code: "broken-file",
	},
	{
		fits: ({ bytes }) => startsWith(bytes, "version https://git-lfs"),
		what: "it is a Git LFS pointer, which only stands for the file: fetch that with git lfs pull",
		code: "broken-file",
	},
	{
		fits: ({ bytes, json }) => isPaddle(bytes) || json?.base_code !== undefined,
		what: `it is a model of Paddle, which is not read yet: ${wayOut} (paddle2onnx)`,
		code: "unsupported",
	},
	{
		fits: ({ json }) => json !== undefined,
		what: "it is JSON without the modelTopology and the weightsManifest of TensorFlow.js",
		code: "broken-file",
	},
	{
		fits: ({ zip }) => zip?.some(({ path }) => /(^|\/)archive_format$/.test(path)),
		what: "it is a program of torch.export: save the network's weights, torch.save(model.state_dict(), …)",
		code: "unsupported",
	},
	{
		fits: ({ bytes }) => isSavedModel(bytes),
		what: `it is a SavedModel of TensorFlow, whose weights lie in a checkpoint beside it and which is not read yet: ${wayRound}`,
		code: "unsupported",
	},
	{
		fits: (_, text) => /^7767517\s/.test(text),
		what: `it is the graph of an ncnn model, which is not read yet: ${wayOut}`,
		code: "unsupported",
	},
	{
		fits: (_, text) => /^\s*(#.*\s+)*(name\s*:\s*"|(layers?|input)\s*[:{])/.test(text),
		what: `it is a network of Caffe as text, which is not read yet: ${wayOut}`,
		code: "unsupported",
	},
	{
		fits: ({ bytes }) => startsWith(bytes, tableMagic, bytes.length - tableMagic.length),
		what: `it is the index of a checkpoint of TensorFlow, which is not read yet: ${wayRound}`,
		code: "unsupported",
	},
	{
		fits: ({ bytes }) => isMetaGraph(bytes),
		what: `it is the graph of a checkpoint of TensorFlow (a MetaGraph), without weights, which is not read yet: ${wayRound}`,
		code: "unsupported",
	},
	{
		fits: (_, text) => /^\s*(#.*\s+)?(node|versions|library)\s*:?\s*\{/.test(text),
		what: `it is a GraphDef of TensorFlow as text (.pbtxt), which is not read yet: take the binary one, or ${wayRound}`,
		code: "unsupported",
	},
	{
		fits: ({ bytes }) => startsWith(bytes, "PK\x03\x04"),
		what: "it is a zip archive, perhaps of Keras or PyTorch",
		code: "unsupported",
	},
	{
		fits: ({ bytes }) => bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5,
		what: "it is a Python pickle that torch.save did not write",
		code: "unsupported",
	},
	{
		fits: ({ bytes }) => startsWith(bytes, "\x1f\x8b"),
		what: "it is a gzip archive: unpack it",
		code: "unsupported",
	},
	{
		fits: ({ bytes }) => startsWith(bytes, "ustar", 257),
		what: "it is a tar archive: unpack it",
		code: "unsupported",
	},
	{
		fits: ({ bytes }) => startsWith(bytes, "\xff\xd8\xff") || startsWith(bytes, "\x89PNG"),
		what: "it is a picture",
		code: "unsupported",
	},
];

/** A message of the version 1 and of graphs with what belongs to them; ONNX has the name of a program there. */
function isSavedModel(bytes: Uint8Array): boolean {
	return startsWith(bytes, "\x08\x01\x12") && bytes[afterLength(bytes, 3)] === 10;
}

/** A program whose first block is the outermost, or weights: nothing but zeros before the first of floats. */
function isPaddle(bytes: Uint8Array): boolean {
	const isProgram = startsWith(bytes, "\n") && startsWith(bytes, outermostBlock, afterLength(bytes, 1));
	return (
		isProgram || (bytes.subarray(0, 16).every((byte) => byte === 0) && startsWith(bytes, "\x08\x05", 20))
	);
}

/** A message that begins with a list of operators. */
function isMetaGraph(bytes: Uint8Array): boolean {
	const list = afterLength(bytes, 1);
	return startsWith(bytes, "\n") && bytes[list] === 18 && bytes[afterLength(bytes, list + 1)] === 10;
}

/** @param format the file's format, where it is known but only written */
export function unreadable(opened: Opened, format: Format | undefined): MobileNetError {
	const { name, bytes } = opened;
	const readable = formats.filter(({ read }) => read).map((known) => known.name);
	if (format)
		return new MobileNetError(
			"unsupported",
			`${name} is of the format ${format.name}, which is written but not read: take the network in another format (${readable.join(", ")}).`,
		);
	const text = String.fromCharCode(...bytes.subarray(0, 64));
	const kind = kinds.find(({ fits }) => fits(opened, text));
	const start = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
	return new MobileNetError(
		kind?.code ?? "broken-file",
		`${name} is of no format that can be read (${readable.join(", ")}): ${kind?.what ?? `its first bytes are ${start}`}.`,
	);
}

/** @param models names of the files that may be the model */
export function withoutModel(
	{ name, folder = [] }: Pick<Opened, "name" | "folder">,
	models: readonly string[],
	endings: readonly string[],
): MobileNetError {
	const found = models.length > 0 ? models : folder;
	const list = found.slice(0, mostNamed).join(", ") + (found.length > mostNamed ? ", …" : "");
	const has = (ending: RegExp): boolean => folder.some((file) => ending.test(file));
	if (models.length === 0 && has(/\.index$/) && has(/\.data-\d+-of-\d+$/))
		return new MobileNetError(
			"unsupported",
			`${name} holds a checkpoint of TensorFlow, which is not read yet: ${wayRound}.`,
		);
	return new MobileNetError(
		"not-found",
		models.length > 0
			? `${name} holds ${models.length} files that may be the model (${list}): say which.`
			: `${name} holds no model.json and no file that ends in ${endings.join(", ")}, but ${found.length > 0 ? `${found.length} others (${list})` : "nothing at all"}.`,
	);
}
