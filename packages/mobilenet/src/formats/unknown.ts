/** What a file is that is none of the formats that can be read, as far as its first bytes tell. */
import { type ErrorCode, MobileNetError } from "../base/error.ts";
import { formats, startsWith } from "./table.ts";

interface Kind {
	readonly fits: (bytes: Uint8Array, text: string) => boolean;
	readonly what: string;
	readonly code: ErrorCode;
}

const kinds: readonly Kind[] = [
	{ fits: (bytes) => bytes.length === 0, what: "it is empty", code: "broken-file" },
	{
		fits: (_, text) => /^\s*<(!doctype|html|head|\?xml)/i.test(text),
		what: "it is an HTML page, perhaps a server's error in the place of the file",
		code: "broken-file",
	},
	{
		fits: (bytes) => startsWith(bytes, "version https://git-lfs"),
		what: "it is a Git LFS pointer, which only stands for the file: fetch that with git lfs pull",
		code: "broken-file",
	},
	{
		fits: (bytes) => startsWith(bytes, "PK\x03\x04"),
		what: "it is a zip archive, perhaps of Keras or PyTorch",
		code: "unsupported",
	},
	{
		fits: (bytes) => bytes[0] === 0x80 && bytes[1]! >= 2 && bytes[1]! <= 5,
		what: "it is a Python pickle, perhaps of PyTorch",
		code: "unsupported",
	},
	{
		fits: (bytes) => startsWith(bytes, "\x1f\x8b"),
		what: "it is a gzip archive: unpack it",
		code: "unsupported",
	},
	{
		fits: (bytes) => startsWith(bytes, "ustar", 257),
		what: "it is a tar archive: unpack it",
		code: "unsupported",
	},
	{
		fits: (bytes) => startsWith(bytes, "\xff\xd8\xff") || startsWith(bytes, "\x89PNG"),
		what: "it is a picture",
		code: "unsupported",
	},
];

export function unknownFile(bytes: Uint8Array, name: string): MobileNetError {
	const readable = formats.map((format) => format.name).join(", ");
	const text = String.fromCharCode(...bytes.subarray(0, 64));
	const kind = kinds.find(({ fits }) => fits(bytes, text));
	const start = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
	return new MobileNetError(
		kind?.code ?? "broken-file",
		`${name} is of no format that can be read (${readable}): ${kind?.what ?? `its first bytes are ${start}`}.`,
	);
}
