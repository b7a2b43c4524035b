/**
 * The only error class of this package. The message is one sentence: what was wrong, where, what was expected,
 * what was received and what to do.
 *
 * @example
 * try {
 *   await MobileNet.load("model.tflite");
 * } catch (error) {
 *   if (error instanceof MobileNetError && error.code === "not-mobilenet") console.error(error.message);
 * }
 */
export class MobileNetError extends Error {
	override readonly name = "MobileNetError";
	readonly code: ErrorCode;

	constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
		super(message, options);
		this.code = code;
	}
}

/**
 * What kind of thing went wrong.
 *
 * - `configuration`: a network that cannot exist, such as one with a width multiplier of 0
 * - `usage`: a call or an option that makes no sense
 * - `not-found`: a file or an address that does not exist, or cannot be read or written
 * - `broken-file`: a model file that is damaged, cut short or not of its format
 * - `not-mobilenet`: an intact model file that holds another network
 * - `unsupported`: valid input that this package does not support
 * - `picture`: a picture that cannot be decoded
 * - `disposed`: a model used after `dispose()`
 * - `engine`: WebAssembly is missing or failed its self-test, or memory ran out
 */
export type ErrorCode =
	| "configuration"
	| "usage"
	| "not-found"
	| "broken-file"
	| "not-mobilenet"
	| "unsupported"
	| "picture"
	| "disposed"
	| "engine";

/** The message of any thrown value, on one line. */
export function messageOf(error: unknown): string {
	return String(error instanceof Error ? error.message : error)
		.trim()
		.replaceAll(/\s*\n\s*/g, " ");
}

/** A value as error messages show it: strings quoted, long values shortened. */
export function shown(value: unknown): string {
	let text: string | undefined;
	try {
		text = typeof value === "number" || typeof value === "bigint" ? String(value) : JSON.stringify(value);
	} catch {
		text = undefined;
	}
	text ??= String(value);
	return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
