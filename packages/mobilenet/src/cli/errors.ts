/** Errors on the command line: the package's own are whole sentences, each shown as one line. */
import { MobileNetError } from "../network/index.ts";

/** An invalid command line: exit code 2. */
export function usageError(sentence: string): MobileNetError {
	return new MobileNetError("usage", sentence);
}

/** An error as it is shown: one line that starts with the program's name. */
export function errorLine(sentence: string): string {
	return `mobilenet: ${sentence.replace(/[.?]?$/, (end) => end || ".")}`;
}

/** The message of anything thrown, on one line. */
export function messageOf(error: unknown): string {
	return String(error instanceof Error ? error.message : error)
		.trim()
		.replaceAll(/\s*\n\s*/g, " ");
}

/** What the user typed, in quotation marks, shortened if it is long. */
export function quoted(input: string | undefined): string {
	const text = JSON.stringify(input ?? "");
	return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
