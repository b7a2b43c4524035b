/** Files of the catalog that lie in ../shared: their bytes are those of the entry, and they are the network it says. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { aliases, entries } from "../../src/catalog/entries.ts";
import { MobileNet } from "../../src/model/mobilenet.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const files: Readonly<Record<string, string>> = {
	"imagenet/0.25-128": "weights/mobilenet_v1_0.25_128_quant.tflite",
	"imagenet/0.5-128": "wild/official_quant/mobilenet_v1_0_5_128_quant.tflite",
	imagenet: "weights/mobilenet_v1_0.5_160_quant.tflite",
};
const photograph = "data/photos/macaw.jpg";

describeWithShared("files that are held", [photograph, ...Object.values(files)], () => {
	test.each(Object.entries(files))("%s", async (name, path) => {
		const entry = entries.find((entry) => entry.name === (aliases[name] ?? name))!;
		const bytes = readFileSync(shared(path));
		expect(path.endsWith(entry.files[0]!.path)).toBe(true);
		expect(bytes.length).toBe(entry.files[0]!.bytes);
		expect(createHash("sha256").update(bytes).digest("hex")).toBe(entry.files[0]!.sha256);

		const network = await MobileNet.load(bytes, { preprocessing: entry.preprocessing });
		const { alpha, size, classes } = network.configuration;
		expect(entry.name).toBe(`imagenet/${alpha}-${size}`);
		expect(classes).toBe(1001);
		const [best] = await network.classify(shared(photograph));
		expect(best).toMatchObject({ label: "macaw", index: 88 });
		await network.dispose();
	});
});
