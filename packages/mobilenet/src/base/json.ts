/**
 * JSON of files, the only place where it is parsed. `JSON.parse` takes many seconds for brackets within brackets, and a
 * text of empty lists becomes twenty times as many bytes of objects; so the text is looked over first, which allocates
 * nothing: how deep it nests, and about what its objects will cost.
 */

/** An object of a JSON text. */
export type Json = Readonly<Record<string, unknown>>;

export function isJson(value: unknown): value is Json {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What every use that does not say otherwise may nest: no file that is read here nests half as deep. */
const usualDepth = 100;
/** About what V8 takes, in bytes, beside the characters of texts. */
const cost = { container: 48, entry: 8, key: 64, text: 24 } as const;
/**
 * A JSON may cost so many times its length, and so many bytes besides. A header of a thousand tensors or labels for
 * 20,000 classes cost eight times their length, but two megabytes are long for either.
 */
const most = { times: 4, besides: 8 * 2 ** 20 } as const;
/**
 * Containers of more entries are one piece of memory each, which may take so many times the text's length together. Keys
 * of many are kept in a hash table with room to grow.
 */
const long = {
	list: { entries: 16_000, cost: 8 },
	object: { entries: 1500, cost: 72 },
	times: 2,
} as const;

/**
 * Parses JSON text whose objects and lists are nested at most `deepest` levels.
 *
 * @param deepest Default: 100.
 * @throws Error with a message that says why, for the caller to name the file
 * @example
 * parseJson('{"shape": [1, 2]}', 2)
 */
export function parseJson(text: string, deepest = usualDepth): unknown {
	lookOver(text, deepest);
	return JSON.parse(text);
}

function lookOver(text: string, deepest: number): void {
	const commas: number[] = [];
	let depth = 0;
	let bytes = 0;
	let longBytes = 0;
	let inText = false;
	for (let i = 0; i < text.length; i++) {
		const c = text.charCodeAt(i);
		if (inText) {
			if (c === backslash) i++;
			else if (c === quote) inText = false;
		} else if (c === quote) {
			inText = true;
			bytes += cost.text;
		} else if (c === comma) {
			commas[depth]!++;
			bytes += cost.entry;
		} else if (c === colon) bytes += cost.key;
		else if (c === openBrace || c === openBracket) {
			if (++depth > deepest) throw new Error(`nested deeper than ${deepest} levels at character ${i}`);
			commas[depth] = 0;
			bytes += cost.container + cost.entry;
		} else if (c === closeBrace || c === closeBracket) {
			const { entries, cost } = c === closeBrace ? long.object : long.list;
			if (commas[depth]! > entries) longBytes += commas[depth]! * cost;
			// More are closed than were opened: `JSON.parse` says where.
			if (--depth < 0) return;
		}
	}
	if (depth > 0 || inText) throw new Error(`it ends at character ${text.length}, before its last bracket`);
	if (bytes > most.besides + most.times * text.length || longBytes > long.times * text.length)
		throw new Error(`it would take far more memory than its ${text.length} characters account for`);
}

const [quote, backslash, comma, colon] = [34, 92, 44, 58];
const [openBracket, closeBracket, openBrace, closeBrace] = [91, 93, 123, 125];
