/**
 * JSON from files that may be hostile. On deeply nested brackets `JSON.parse` takes many seconds and many times the
 * memory of the text, so the depth is counted first; valid files are shallow.
 */

/**
 * Parses JSON text whose objects and lists are nested at most `deepest` levels.
 *
 * @throws Error that says why; the caller adds the name of the file
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
