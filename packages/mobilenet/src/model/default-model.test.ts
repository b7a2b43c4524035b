import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import type { Progress } from "../base/progress.ts";
import { readModel } from "../formats/read.ts";
import { defaultModelBytes } from "./default-model.ts";
import { MobileNet } from "./mobilenet.ts";
import type { LoadOptions } from "./options.ts";
import { loadModel } from "./source.ts";

const file = new URL("../../../../models/default/mobilenet.safetensors", import.meta.url);
const picture = {
	data: Uint8Array.from({ length: 60 * 40 * 3 }, (_, i) => (i * 7) % 256),
	width: 60,
	height: 40,
	channels: 3,
};

describe("the embedded model", () => {
	it("is its file, byte for byte", async () => {
		const bytes = await readFile(file);
		expect(Buffer.compare(await defaultModelBytes(), bytes)).toBe(0);
		expect(await loadModel()).toEqual(await readModel(bytes));
	});

	it("is called default; files of that name are reached by their paths", async () => {
		const own = await loadModel();
		expect(await loadModel("default")).toEqual(own);
		expect((await MobileNet.load("default", { threads: 1 })).model).toEqual(own);
		expect(await loadModel(file.href)).toEqual(own);
		for (const path of ["./default", "Default", "default.tflite", "constructor"])
			await expect(loadModel(path)).rejects.toThrow(`${path} cannot be read: there is no such file`);
	});

	it("is what load gives without a source", async () => {
		const [embedded, other] = [await MobileNet.load(), await MobileNet.load(file)];
		expect(embedded.arithmetic).toBe("integer");
		const answers = await embedded.classify(picture);
		expect(answers.length).toBe(5);
		expect(answers).toEqual(await other.classify(picture));
		for (const { label, index } of answers) expect(embedded.labels?.[index]?.name).toBe(label);
	});

	it("tells how far it has come", async () => {
		const seen: Progress[] = [];
		await MobileNet.load("default", { onProgress: (progress) => seen.push(progress) });
		const total = (await readFile(file)).length;
		expect(seen.length).toBeGreaterThan(5);
		for (const [n, one] of seen.entries()) {
			expect(one).toMatchObject({ total, source: "default" });
			expect(one.loaded).toBeGreaterThan(seen[n - 1]?.loaded ?? 0);
		}
		expect(seen.at(-1)!.loaded).toBe(total);
	});

	it("takes the options that a file takes", async () => {
		const labels = Array.from({ length: 200 }, (_, i) => ({ name: `thing ${i}` }));
		const options: LoadOptions = {
			...{ size: 64, labels, threads: 1, preprocessing: { filter: "nearest" } },
			arithmetic: "float",
		};
		const [embedded, other] = [await MobileNet.load(undefined, options), await MobileNet.load(file, options)];
		expect(embedded.configuration.size).toBe(64);
		expect(embedded.model.preprocessing.filter).toBe("nearest");
		expect([embedded.threads, embedded.arithmetic]).toEqual([1, "float"]);
		const [best] = await embedded.classify(picture);
		expect(best!.label).toBe(`thing ${best!.index}`);
		expect(best).toEqual((await other.classify(picture))[0]);
	});

	it("says in one sentence what does not suit it", async () => {
		await expect(MobileNet.load(undefined, { labels: [{ name: "one" }] })).rejects.toThrow(
			/^[^\n]*200[^\n]*\.$/,
		);
		await expect(MobileNet.load(undefined, { size: 7 })).rejects.toThrow(/size must be/);
	});

	it("is not loaded once its user has given up", async () => {
		await expect(MobileNet.load(undefined, { signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
	});
});
