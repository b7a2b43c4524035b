/** How a GraphDef is told from other messages of Protocol Buffers: by its first node. Always loaded, so it is short. */

/** The tags of a graph's node, and of a node's name and operator: texts and messages, fields 1, 1 and 2. */
const tags = { node: 10, name: 10, op: 18 } as const;

/** Whether bytes begin with a node that has a name and an operator. */
export function beginsWithNode(bytes: Uint8Array): boolean {
	const lengthAt = (offset: number): readonly [length: number, end: number] =>
		bytes[offset]! < 128
			? [bytes[offset]!, offset + 1]
			: [(bytes[offset]! & 127) + 128 * (bytes[offset + 1]! & 127), offset + 2];
	if (bytes[0] !== tags.node) return false;
	const first = afterLength(bytes, 1);
	if (bytes[first] !== tags.name) return false;
	const [name, start] = lengthAt(first + 1);
	const [op, operator] = lengthAt(start + name + 1);
	const isText = (from: number, length: number, pattern: RegExp): boolean =>
		pattern.test(String.fromCharCode(...bytes.subarray(from, from + Math.min(length, 400))));
	return (
		bytes[start + name] === tags.op &&
		isText(start, name, /^[\w./\\>-]+$/) &&
		isText(operator, op, /^[A-Z_a-z]\w*$/)
	);
}

/** Where a message begins whose length, a few bytes, is at an offset. */
export function afterLength(bytes: Uint8Array, offset: number): number {
	let at = offset;
	while (bytes[at]! >= 128 && at < offset + 5) at++;
	return at + 1;
}
