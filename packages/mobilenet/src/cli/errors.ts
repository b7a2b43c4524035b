/** Errors at the command line: the package's own are whole sentences, and people see each as one line. */
import { MobileNetError } from "../network/index.ts";

/** A command line that makes no sense: exit code 2. */
export function usageError(sentence: string): MobileNetError {
	return new MobileNetError("usage", sentence);
}

/** An error as people see it: one line that says which program it comes from. */
export function errorLine(sentence: string): string {
	return `mobilenet: ${sentence.replace(/[.?]?$/, (end) => end || ".")}`;
}

/** The message of anything thrown, on one line. */
export function messageOf(error: unknown): string {
	return String(error instanceof Error ? error.message : error)
		.trim()
		.replaceAll(/\s*\n\s*/g, " ");
}

/** What somebody typed, in quotation marks; long things cut. */
export function quoted(input: string | undefined): string {
	const text = JSON.stringify(input ?? "");
	return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
