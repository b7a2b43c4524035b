/** Names from files go into messages, and a file may call a layer by a megabyte. */
const longestMessage = 2000;
const longestShown = 60;
const longestLocation = 200;

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
	/** The file that the error is about, as the message calls it: a path, an address, or what bytes were called. */
	declare readonly file?: string;
	/** The layer of the file's network, as the file calls it. */
	declare readonly layer?: string;
	/** Where in the file the fault is, in bytes from its beginning. */
	declare readonly offset?: number;

	constructor(
		code: ErrorCode,
		message: string,
		{ cause, ...place }: ErrorPlace & { readonly cause?: unknown } = {},
	) {
		super(cut(printable(message), longestMessage), cause === undefined ? undefined : { cause });
		this.code = code;
		for (const [field, value] of Object.entries(place))
			if (value !== undefined) Object.defineProperty(this, field, { value, enumerable: true });
	}
}

/** Where the fault is that an error tells of, as far as that is known. */
export interface ErrorPlace {
	readonly file?: string | undefined;
	readonly layer?: string | undefined;
	readonly offset?: number | undefined;
}

/**
 * What kind of thing went wrong.
 *
 * - `configuration`: a network that cannot exist, such as one with a width multiplier of 0
 * - `usage`: a call or an option that makes no sense
 * - `not-found`: a file or an address that does not exist or cannot be read
 * - `unwritable`: a file that cannot be written, for want of room, rights or a folder
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
	| "unwritable"
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

/** A value as error messages show it: text quoted, long values cut. No value, however deep or large, takes long. */
export function shown(value: unknown): string {
	return cut(typeof value === "number" ? String(value) : rendered(value, longestShown + 1), longestShown);
}

/** A path or an address as error messages show it: an address that holds its data is cut, and a password left out. */
export function shownLocation(location: string | URL): string {
	return cut(String(location), longestLocation).replace(/^(https?:\/\/)[^/?#@]*@/i, "$1…@");
}

/** As `JSON.stringify`, but no more of it than about so many characters; what JSON has no word for is named. */
function rendered(value: unknown, room: number): string {
	if (typeof value === "string") return JSON.stringify(value.slice(0, Math.max(0, room)));
	if (typeof value === "number") return Number.isFinite(value) ? String(value) : "null";
	if (typeof value !== "object" || value === null) return String(value);
	if (room <= 0) return "";
	if ("toJSON" in value && typeof value.toJSON === "function") return rendered(value.toJSON(), room);
	let text = "";
	// One for the bracket, without which the innermost of many lists would have as much room as the first.
	const left = (): number => room - 1 - text.length;
	const add = (name: string, part: unknown): boolean => {
		text += `${text && ","}${name}`;
		text += rendered(part, left());
		return left() > 0;
	};
	if (Array.isArray(value)) {
		for (let i = 0; i < value.length; i++) if (!add("", value[i])) break;
		return `[${text}]`;
	}
	for (const key in value) {
		const part = value[key as keyof typeof value];
		if (part !== undefined && !add(`${rendered(key, left())}:`, part)) break;
	}
	return `{${text}}`;
}

/**
 * A text from a file as it can be shown: without the characters that move the cursor, color a terminal, end the line or
 * turn its direction, which only damage or malice brings.
 */
export function printable(text: string): string {
	return text.replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}

function cut(text: string, longest: number): string {
	return text.length > longest ? `${text.slice(0, longest - 3)}...` : text;
}
