/** Bytes in memory and, beyond a limit, in a file that is removed when it is closed. */
import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { placeReader } from "./places.node.ts";
import { createStore } from "./store.node.ts";

it("keeps bytes in memory, then in a file, and removes it", () => {
	const store = createStore(100);
	const parts = Array.from({ length: 9 }, (_, i) => new Uint8Array(i * 7).fill(i + 1));
	const kept = parts.map((part) => store.add(part));
	// 0 + 7 + … + 35 = 105 exceeds 100; what is small enough still goes to memory.
	expect(store.sources.map((source) => typeof source)).toEqual(["object", "string"]);
	const reader = placeReader({
		sources: store.sources,
		source: Int32Array.from(kept, ({ source }) => source),
		offset: Float64Array.from(kept, ({ offset }) => offset),
		length: Float64Array.from(parts, ({ length }) => length),
	});
	for (const [i, part] of parts.entries()) expect(reader.read(i, "a picture")).toEqual(part);
	reader.close();
	const file = store.sources[1] as string;
	expect(existsSync(file)).toBe(true);
	store.close();
	expect(existsSync(file)).toBe(false);
});

it("reports that a file has become shorter", () => {
	const store = createStore(0);
	const { source, offset } = store.add(Uint8Array.of(1, 2, 3));
	const reader = placeReader({
		sources: store.sources,
		source: Int32Array.of(source),
		offset: Float64Array.of(offset),
		length: Float64Array.of(5),
	});
	expect(() => reader.read(0, "x.jpg")).toThrow(
		/^x\.jpg should have 5 bytes from byte 0 on, but .* is 2 bytes too short: it has changed since it was opened\.$/,
	);
	reader.close();
	store.close();
});
