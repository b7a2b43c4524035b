import { describe, expect, test } from "vitest";
import { configure } from "../network/configuration.ts";
import { cost } from "../network/cost.ts";
import { checkpointsPrinted } from "../network/paper/published.ts";
import { toldFields } from "../weights/preprocessing.ts";
import { aliases, entries } from "./entries.ts";
import type { CatalogEntry } from "./entry.ts";

const named = (name: string): CatalogEntry | undefined => entries.find((entry) => entry.name === name);

/** α and size as a name has them; timm's says the former alone, in percent. */
function networkOf({ name }: CatalogEntry): { readonly alpha: number; readonly size: number } {
	const percent = name.match(/timm-(\d+)$/);
	if (percent) return { alpha: Number(percent[1]) / 100, size: 224 };
	const [, alpha, size] = name.match(/(\d\.\d+)-(\d+)(?:-float)?$/)!;
	return { alpha: Number(alpha), size: Number(size) };
}

describe("names", () => {
	test("are one entry's each, and look like names", () => {
		expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length);
		for (const { name } of entries)
			expect(name).toMatch(/^imagenet\/((keras-|tfjs-|hf-)?\d\.\d+-\d{3}(-float)?|timm-\d{3})$/);
	});

	test("of the same network elsewhere lead to an entry and are no entry's", () => {
		expect(aliases.imagenet).toBe("imagenet/0.5-160");
		for (const [alias, name] of Object.entries(aliases)) {
			expect(named(alias), alias).toBeUndefined();
			expect(named(name), name).toBeDefined();
		}
	});

	test("are there for all sixteen of Google's networks, uint8 and float", () => {
		for (const [alpha, size] of checkpointsPrinted) {
			const name = `imagenet/${alpha === 1 ? "1.0" : alpha}-${size}`;
			expect(named(name)?.files[0]?.path).toMatch(/_quant\.tflite$/);
			const float = `${name}-float`;
			expect(named(aliases[float] ?? float), float).toBeDefined();
		}
	});
});

describe.each(entries)("$name", (entry) => {
	const { files, sources, published } = entry;

	test("has files that stay in their folder, with digests that are some", () => {
		expect(files.length).toBeGreaterThan(0);
		expect(new Set(files.map(({ path }) => path)).size).toBe(files.length);
		for (const { path, bytes, sha256, gitBlob } of files) {
			expect(path).toMatch(/^[\w.-]+$/);
			expect(path).not.toMatch(/^\.+$/);
			if (sha256 !== undefined) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
			if (gitBlob !== undefined) expect(gitBlob).toMatch(/^[0-9a-f]{40}$/);
			expect(sha256 !== undefined && gitBlob !== undefined).toBe(false);
			if (bytes !== undefined) expect(Number.isSafeInteger(bytes)).toBe(true);
		}
	});

	test("is called verified only with bytes and SHA-256 of every file", () => {
		const isKnown = files.every(({ bytes, sha256 }) => bytes !== undefined && sha256 !== undefined);
		if (entry.unverified === undefined) expect(isKnown).toBe(true);
	});

	test("has a size that a file of that network can have", () => {
		const { bytes, path } = files[0]!;
		if (bytes === undefined) return;
		const { parameters, layers } = cost(configure({ ...networkOf(entry), classes: 1000 }));
		const weights = layers.reduce((sum, layer) => sum + layer.weights, 0);
		const isInteger = path.endsWith("_quant.tflite");
		expect(bytes).toBeGreaterThan(isInteger ? weights : parameters * 4);
		expect(bytes).toBeLessThan((isInteger ? weights : parameters * 4) * 1.02 + 65536);
	});

	test("has sources that can be asked for", () => {
		expect(sources.length).toBeGreaterThan(0);
		for (const source of sources) {
			if ("address" in source) {
				expect(source.address).toMatch(/^https:\/\/[^?#]+\/$/);
				expect(new URL(source.address).href).toBe(source.address);
				continue;
			}
			expect("hub" in source ? source.hub : source.github).toMatch(/^[\w-]+\/[\w.-]+$/);
			expect(source.revision).toMatch(/^[0-9a-f]{40}$/);
			if (source.folder !== undefined) expect(source.folder).toMatch(/^[\w.-]+(\/[\w.-]+)*$/);
		}
	});

	test("has a license by its SPDX identifier, and an origin in a sentence", () => {
		expect(["Apache-2.0", "MIT", "BSD-3-Clause"]).toContain(entry.license);
		expect(entry.origin).toMatch(/^[A-Z].* https:\/\/\S+.*\.$/);
		expect(entry.title).not.toMatch(/\.$/);
	});

	test("has the accuracy that was published", () => {
		const { alpha, size } = networkOf(entry);
		const printed = checkpointsPrinted.find((row) => row[0] === alpha && row[1] === size);
		if (entry.name.startsWith("imagenet/timm-")) {
			expect(published?.top1).toBeGreaterThan(75);
			expect(published?.top1).toBeLessThan(78);
		} else if (files[0]!.path.endsWith("_quant.tflite")) {
			// Integers cost the published networks half a point to two and a half.
			expect(published?.top1).toBeLessThan(printed![2] * 100);
			expect(published?.top1).toBeGreaterThan(printed![2] * 100 - 2.5);
		} else expect(published?.top1).toBeCloseTo(printed![2] * 100, 6);
	});

	test("has preprocessing that there is", () => {
		expect(Object.keys(toldFields(entry.preprocessing ?? {}, 3)).length).toBe(
			Object.keys(entry.preprocessing ?? {}).length,
		);
		if (entry.size !== undefined) expect(entry.size).toBe(networkOf(entry).size);
	});
});
