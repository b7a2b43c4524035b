/** Errors of the file system, each as one sentence of this package. */
import { MobileNetError, messageOf } from "./error.ts";

const either: Readonly<Record<string, string>> = {
	EISDIR: "it is a folder",
	EACCES: "permission denied",
	EPERM: "permission denied",
	ELOOP: "its symbolic links form a loop",
	ENAMETOOLONG: "its name is too long",
	EMFILE: "too many files are open",
};
/** By what the system calls an error, for reading and for writing. */
const words: Readonly<Record<"read" | "written", Readonly<Record<string, string>>>> = {
	read: { ...either, ENOENT: "there is no such file", ENOTDIR: "there is no such file" },
	written: {
		...either,
		ENOENT: "there is no such folder",
		ENOTDIR: "the folder's place is taken by a file",
		EEXIST: "the folder's place is taken by a file",
		ENOSPC: "the disk is full",
		EDQUOT: "the disk quota is used up",
		EROFS: "the disk is read-only",
		EFBIG: "it would be larger than files may be here",
	},
};

/** What the system calls an error, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
	return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/**
 * The error for a file that cannot be read.
 *
 * @param file how the message calls it
 * @example
 * notReadable("a.jpg", error).message // "a.jpg cannot be read: there is no such file."
 */
export function notReadable(file: string, error: unknown): MobileNetError {
	return new MobileNetError("not-found", `${file} cannot be read: ${why("read", error)}.`, {
		file,
		cause: error,
	});
}

/** The error for a file that cannot be written. */
export function notWritable(file: string, error: unknown): MobileNetError {
	return new MobileNetError("unwritable", `${file} cannot be written: ${why("written", error)}.`, {
		file,
		cause: error,
	});
}

function why(what: keyof typeof words, error: unknown): string {
	return words[what][systemCode(error) ?? ""] ?? messageOf(error);
}
