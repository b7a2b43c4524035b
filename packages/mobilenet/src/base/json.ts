/**
 * JSON of files, which is shallow. `JSON.parse` takes many seconds and many times the text's size for a text of
 * brackets within brackets, so the depth is counted first.
 */

/**
 * The value of a JSON text whose objects and lists are nested `deepest` levels at most.
 *
 * @throws Error with a message that says why, for the caller to name the file
 * @example
 * parseJson('{"shape": [1, 2]}', 2)
 */
export function parseJson(text: string, deepest: number): unknown {
	let depth = 0;
	let inText = false;
	for (let i = 0; i < text.length; i++) {
		const c = text.charCodeAt(i);
		if (inText) {
			if (c === backslash) i++;
			else if (c === quote) inText = false;
		} else if (c === quote) inText = true;
		else if (c === openBrace || c === openBracket) {
			if (++depth > deepest) throw new Error(`nested deeper than ${deepest} levels at character ${i}`);
		} else if (c === closeBrace || c === closeBracket) depth--;
	}
	return JSON.parse(text);
}

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [34, 92, 91, 93, 123, 125];
