/** License and origin go along with a model, into every file that can say them, through quantization, training and teaching. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { datasetOf } from "../../src/data/index.ts";
import { readModel, writeAs, writeModel } from "../../src/formats/index.ts";
import { loadModel } from "../../src/index.ts";
import { configure } from "../../src/network/configuration.ts";
import { quantize } from "../../src/quantization/index.ts";
import { distill, transfer } from "../../src/training/index.ts";
import { initialize } from "../../src/weights/initialize.ts";
import type { Model } from "../../src/weights/model.ts";
import { withOrigin } from "../../src/weights/origin.ts";
import { mobilenet } from "../support/cli.ts";
import { colored } from "../support/colored.ts";

const facts = { license: "CC-BY-4.0", origin: "Trained by somebody on flowers, Blüten." };
const configuration = configure({ alpha: 0.25, size: 32, classes: 3 });
const model = withOrigin(initialize(configuration, { seed: 1 }), facts);
const folder = mkdtempSync(join(tmpdir(), "mobilenet-origin-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("license and origin", () => {
	test("are in our own files; what is no text there is refused", async () => {
		const bytes = writeModel(model);
		expect((await readModel(bytes)).source).toMatchObject(facts);
		const text = new TextDecoder("latin1").decode(bytes);
		expect(text).toContain("CC-BY-4.0");
		const broken = { ...model, source: { ...model.source, license: 7 as never } };
		expect(() => writeModel(broken)).toThrow(/source\.license must be a text, not 7/);
	});

	test.each(["model.onnx", "model.tflite"])("are in %s", async (file) => {
		for (const source of [model, (await quantized()).model]) {
			const [[, bytes]] = [...(await writeAs(source, file))] as [[string, Uint8Array]];
			expect((await readModel(bytes)).source).toMatchObject(facts);
		}
		const [[, bytes]] = [...(await writeAs(initialize(configuration, { seed: 1 }), file))] as [
			[string, Uint8Array],
		];
		const { license, origin } = (await readModel(bytes)).source;
		expect([license, origin]).toEqual([undefined, undefined]);
	});

	test("are shown by inspect", async () => {
		writeFileSync(join(folder, "a.safetensors"), writeModel(model));
		const { stdout } = await mobilenet(["inspect", join(folder, "a.safetensors")]);
		expect(stdout).toMatch(/^license +CC-BY-4\.0\norigin +Trained by somebody on flowers, Blüten\.$/m);
		const { stdout: json } = await mobilenet(["inspect", "--json", join(folder, "a.safetensors")]);
		expect(JSON.parse(json)).toMatchObject(facts);
	});

	test("what the file itself says stays", () => {
		expect(withOrigin(model, { license: "MIT", origin: "Else." }).source).toMatchObject(facts);
	});

	test("of the package's own model name the terms of its pictures", async () => {
		const { source } = await loadModel();
		expect(source.license).toMatch(/research/);
		expect((await readModel(writeModel(await loadModel()))).source.license).toBe(source.license);
	});
});

async function quantized() {
	const { pictures } = colored(4, 1);
	return quantize(model, pictures, {});
}

test("a network that is trained from another, or taught by it, carries its license", async () => {
	const { pictures, labels, classes } = colored(12, 1);
	const dataset = datasetOf({ pictures, labels, classes });
	const last = async (
		run: AsyncIterable<{ readonly kind: string; readonly model?: Model }>,
	): Promise<Model> => {
		let found: Model | undefined;
		for await (const event of run) if (event.kind === "done") found = event.model;
		return found!;
	};
	const trained = await last(transfer({ model, training: { dataset }, fineTune: "none" }));
	expect(trained.source).toMatchObject({
		license: facts.license,
		origin: `Trained with mobilenet from: ${facts.origin}`,
	});
	const again = await last(transfer({ model: trained, training: { dataset }, fineTune: "none" }));
	expect(again.source.origin).toBe(trained.source.origin);
	const student = initialize(configuration, { seed: 2 });
	const taught = await last(
		distill({ teacher: trained, student, training: { dataset }, epochs: 1, batch: 4 }),
	);
	expect(taught.source).toMatchObject({
		license: facts.license,
		origin: `Trained with mobilenet by the answers of: ${trained.source.origin}`,
	});
});
