import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { zipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kerasOf } from "../../test/support/keras.ts";
import { huggingFaceNames, torchTensors } from "../../test/support/torch-names.ts";
import { MobileNetError } from "../base/error.ts";
import { configure } from "../network/configuration.ts";
import { initialize } from "../weights/initialize.ts";
import { readModel } from "./read.ts";
import { writeModel } from "./safetensors/model-writer.ts";
import { writeSafetensors } from "./safetensors/safetensors-writer.ts";
import { writeAs } from "./write.ts";

/** A small network of so many classes as the files of a TensorFlow.js folder. */
function tensorFlowJs(classes: number): Record<string, Uint8Array> {
	const { topology, weights } = kerasOf(configure({ alpha: 0.25, size: 32, classes }));
	const entries = [...weights].map(([name, { shape }]) => ({ name, shape, dtype: "float32" }));
	const json = { modelTopology: topology, weightsManifest: [{ paths: ["weights.bin"], weights: entries }] };
	return {
		"model.json": Buffer.from(JSON.stringify(json)),
		"weights.bin": Buffer.concat([...weights.values()].map(({ data }) => new Uint8Array(data.buffer))),
	};
}

const hubNetwork = initialize(configure({ alpha: 0.25, size: 64, classes: 3, output: "logits" }));

let folder: string;
const made: Record<string, Record<string, Uint8Array | string>> = {
	tfjs: tensorFlowJs(3),
	labeled: { ...tensorFlowJs(3), "labels.txt": "cat\ndog\nbird\n" },
	mislabeled: { ...tensorFlowJs(3), "labels.txt": "cat\ndog\n" },
	thousand: tensorFlowJs(1000),
	empty: {},
	other: { "notes.md": "", "picture.jpg": "" },
	two: { "a.tflite": "", "b.safetensors": "", "c.md": "" },
	one: { "config.json": "{}" },
	hub: {
		"config.json": JSON.stringify({
			...{ model_type: "mobilenet_v1", image_size: 64 },
			id2label: { 0: "cat", 1: "dog", 2: "bird" },
		}),
		"model.safetensors": writeSafetensors(torchTensors(hubNetwork, huggingFaceNames, "classifier")),
		"tf_model.h5": "",
		"pytorch_model.bin": "",
	},
};

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "mobilenet-read-"));
	for (const [name, files] of Object.entries(made)) {
		await mkdir(join(folder, name));
		for (const [file, content] of Object.entries(files)) await writeFile(join(folder, name, file), content);
	}
	await writeFile(
		join(folder, "one", "model.safetensors"),
		writeModel(await readModel(join(folder, "tfjs"))),
	);
});

afterAll(async () => {
	await rm(folder, { recursive: true, force: true });
});

/** Does something while files are served from an address. */
async function served(
	files: Readonly<Record<string, Uint8Array | string>>,
	use: (address: string) => Promise<void>,
): Promise<void> {
	const server = createServer((request, response) => {
		const content = files[(request.url ?? "").slice(1)];
		response.statusCode = content === undefined ? 404 : 200;
		response.end(content ?? "not here");
	});
	await new Promise<void>((resolve) => {
		server.listen(0, "127.0.0.1", resolve);
	});
	try {
		await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
	} finally {
		server.close();
	}
}

async function refusal(...given: Parameters<typeof readModel>): Promise<string> {
	try {
		await readModel(...given);
	} catch (error) {
		expect(error).toBeInstanceOf(MobileNetError);
		expect((error as MobileNetError).message).toMatch(/^[^\n]*\.$/);
		return `${(error as MobileNetError).code}: ${(error as MobileNetError).message}`.replaceAll(
			`${folder}/`,
			"",
		);
	}
	throw new Error("it was read");
}

describe("a model is read", () => {
	test("from a folder, a path, a file: URL", async () => {
		const model = await readModel(join(folder, "tfjs"));
		expect(model.configuration).toMatchObject({ alpha: 0.25, size: 32, classes: 3 });
		expect(await readModel(`${join(folder, "tfjs")}/`)).toEqual(model);
		expect(await readModel(join(folder, "tfjs", "model.json"))).toEqual(model);
		expect(await readModel(pathToFileURL(join(folder, "tfjs", "model.json")))).toEqual(model);
		expect(await readModel(pathToFileURL(join(folder, "tfjs")))).toEqual(model);
	});

	test("from a folder with one model file among others, which may be called anything", async () => {
		const model = await readModel(join(folder, "one"));
		expect(model).toEqual(await readModel(join(folder, "tfjs")));
		const bytes = writeModel(model);
		expect(await readModel(bytes)).toEqual(model);
		expect(await readModel(bytes.slice().buffer as ArrayBuffer)).toEqual(model);
	});

	test("from a folder of Hugging Face's hub, by a path, in an archive and by an address", async () => {
		const model = await readModel(join(folder, "hub"));
		expect(model.configuration).toEqual(hubNetwork.configuration);
		expect(model.tensors).toEqual(hubNetwork.tensors);
		expect(model.labels?.map(({ name }) => name)).toEqual(["cat", "dog", "bird"]);
		expect(await readModel(join(folder, "hub", "model.safetensors"))).toEqual(model);
		const files = Object.entries(made.hub!);
		const archive = Object.fromEntries(
			files.map(([path, content]) => [`a/${path}`, new Uint8Array(Buffer.from(content))]),
		);
		expect(await readModel(zipSync(archive))).toEqual(model);
		await served(made.hub!, async (address) => {
			expect(await readModel(`${address}/`)).toEqual(model);
			expect(await readModel(`${address}/model.safetensors`)).toEqual(model);
		});
		const { "config.json": _, ...without } = made.hub!;
		await served(without, async (address) => {
			expect((await readModel(`${address}/`)).source.assumed).toContain("padding");
		});
		await served({}, async (address) => {
			expect(await refusal(`${address}/`)).toMatch(/^not-found: .*model\.json.* the server answered 404/);
		});
	});

	test("from an address, its shards and its folder's model.json too", async () => {
		const server = createServer((request, response) => {
			const [, path] = /^\/tfjs\/(.*)$/.exec(request.url ?? "") ?? [];
			const content = path ? made.tfjs![path] : undefined;
			response.statusCode = content ? 200 : 404;
			response.end(content ?? "<!doctype html><p>not here</p>");
		});
		await new Promise<void>((resolve) => {
			server.listen(0, "127.0.0.1", resolve);
		});
		try {
			const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
			const model = await readModel(join(folder, "tfjs"));
			expect(await readModel(`${address}/tfjs/model.json`)).toEqual(model);
			expect(await readModel(new URL(`${address}/tfjs/`))).toEqual(model);
			const sizes = new Map<string, number>();
			await readModel(`${address}/tfjs/`, {
				onProgress: ({ source, loaded }) => sizes.set(source.slice(`${address}/tfjs/`.length), loaded),
			});
			expect(Object.fromEntries(sizes)).toEqual(
				Object.fromEntries(
					Object.entries(made.tfjs!)
						.filter(([name]) => sizes.has(name))
						.map(([name, content]) => [name, Buffer.byteLength(content)]),
				),
			);
			expect(sizes.has("model.json")).toBe(true);
			expect(sizes.size).toBeGreaterThan(1);
			expect(await refusal(`${address}/nothing`)).toContain("cannot be fetched: the server answered 404");
		} finally {
			server.close();
		}
	});

	test("not after it was aborted", async () => {
		await expect(readModel(join(folder, "tfjs"), { signal: AbortSignal.abort() })).rejects.toHaveProperty(
			"name",
			"AbortError",
		);
	});
});

describe("labels", () => {
	const names = async (...given: Parameters<typeof readModel>) =>
		(await readModel(...given)).labels?.map(({ name }) => name);

	test("come from the folder's labels.txt, or from the caller, who is asked first", async () => {
		expect(await names(join(folder, "labeled"))).toEqual(["cat", "dog", "bird"]);
		expect(await names(join(folder, "tfjs"))).toBeUndefined();
		const given = [{ name: "a" }, { name: "b" }, { name: "c" }];
		expect(await names(join(folder, "labeled"), { labels: given })).toEqual(["a", "b", "c"]);
		expect(await names(join(folder, "tfjs"), { labels: join(folder, "labeled", "labels.txt") })).toEqual([
			"cat",
			"dog",
			"bird",
		]);
	});

	test.each([
		["classes.txt", "cat\ndog\nbird"],
		["my_labels.txt", "0 cat\n1 dog\n2 bird"],
		["label.pbtxt", 'item { id: 1 name: "cat" } item { id: 2 name: "dog" } item { id: 3 name: "bird" }'],
		["metadata.json", '{"labels": ["cat", "dog", "bird"]}'],
	])("come from %s beside a file, and a note says so", async (file, content) => {
		const place = await mkdtemp(join(folder, "beside-"));
		const model = await readModel(join(folder, "tfjs"));
		await writeFile(join(place, "model.safetensors"), writeModel(model));
		await writeFile(join(place, file), content);
		// Looks like a file of labels, and is none.
		await writeFile(join(place, "labels.json"), '{"shapes": []}');
		for (const location of [join(place, "model.safetensors"), place]) {
			const { labels, source } = await readModel(location);
			expect(labels?.map(({ name }) => name)).toEqual(["cat", "dog", "bird"]);
			expect(source.notes).toEqual([`Its labels are those of ${file}, which lies beside it.`]);
		}
	});

	test("are ImageNet's for 1000 classes, which is marked as assumed", async () => {
		const model = await readModel(join(folder, "thousand"));
		expect(model.labels?.[88]?.name).toBe("macaw");
		expect(model.source.assumed).toContain("labels");
		expect((await readModel(join(folder, "tfjs"))).source.assumed).not.toContain("labels");
	});

	test("of another number are left out, which a note says; where they were asked for, they are refused", async () => {
		const { labels, source } = await readModel(join(folder, "mislabeled"));
		expect(labels).toBeUndefined();
		expect(source.notes).toEqual([
			"The 2 labels of labels.txt, which lies beside it, do not fit its 3 classes.",
		]);
		expect(await refusal(join(folder, "tfjs"), { labels: [{ name: "a" }] })).toContain(
			"the list of labels has 1 labels",
		);
		expect(await refusal(join(folder, "tfjs"), { labels: join(folder, "none.txt") })).toContain(
			"not-found: none.txt cannot be read",
		);
	});
});

describe("a model in something else", () => {
	const strings = (files: Record<string, Uint8Array | string>): Record<string, Uint8Array> =>
		Object.fromEntries(
			Object.entries(files).map(([path, content]) => [path, new Uint8Array(Buffer.from(content))]),
		);

	test("is found in a zip archive, with its shards and its labels", async () => {
		const model = await readModel(join(folder, "labeled"));
		expect(await readModel(zipSync(strings(made.labeled!)))).toEqual(model);
		const export_ = {
			...Object.fromEntries(Object.entries(made.labeled!).map(([path, content]) => [`a b/${path}`, content])),
			"__MACOSX/a b/model.json": "",
			"notes/labels.txt": "x\ny\nz",
		};
		await writeFile(join(folder, "export.zip"), zipSync(strings(export_)));
		expect(await readModel(join(folder, "export.zip"))).toEqual(model);
	});

	test("is not chosen among several in an archive, and no archive is opened in another", async () => {
		const bytes = writeModel(await readModel(join(folder, "tfjs")));
		const two = zipSync({ "a.safetensors": bytes, "b/c.safetensors": bytes });
		expect(await refusal(two, { name: "two.zip" })).toBe(
			"not-found: two.zip holds 2 files that may be the model (a.safetensors, b/c.safetensors): say which.",
		);
		const nested = zipSync({ "inner.h5": zipSync({ "a.safetensors": bytes }) });
		expect(await refusal(nested)).toMatch(/^unsupported: .*it is a zip archive/);
	});

	test("is not unpacked beyond what its archive can account for", async () => {
		const bomb = zipSync({ "model.tflite": new Uint8Array(64 * 2 ** 20) });
		expect(await refusal(bomb, { name: "bomb.zip" })).toMatch(
			/^broken-file: bomb\.zip: the file "model\.tflite" in the zip archive should take 67108864 bytes, more than/,
		);
	});

	test("is read from an array in C, as xxd and TensorFlow Lite Micro write it", async () => {
		const model = await readModel(join(folder, "one"));
		const [bytes] = (await writeAs(model, "model.tflite")).values();
		const expected = await readModel(bytes!);
		const hex = Array.from(bytes!, (byte) => `0x${byte.toString(16).padStart(2, "0")}`);
		const lines = hex.map((byte, i) => `${byte},${i % 12 === 11 ? "\n  " : " "}`).join("");
		const xxd = `unsigned char model_tflite[] = {\n  ${lines}\n};\nunsigned int model_tflite_len = ${bytes!.length};\n`;
		expect(await readModel(Buffer.from(xxd))).toEqual(expected);
		const decimal = Array.from(new Int8Array(bytes!.buffer, bytes!.byteOffset, bytes!.length)).join(",");
		const micro = `/* Copyright {2020} */\n#include "model.h"\nint f() { return 1; }\nconst int few[] = {1, 2};\nalignas(8) const signed char g_model[] = { // the network\n${decimal}};\n`;
		expect(await readModel(Buffer.from(micro))).toEqual(expected);
		const place = await mkdtemp(join(folder, "sources-"));
		await writeFile(join(place, "model.h"), "extern const unsigned char model[];");
		await writeFile(join(place, "model.cc"), micro);
		expect(await readModel(place)).toEqual(expected);
		expect(await refusal(Buffer.from("#include <a.h>\nint a[] = {1, 2"))).toMatch(/^broken-file/);
	});
});

describe("what cannot be read is refused in one sentence", () => {
	test("a folder without a model, or with several", async () => {
		const expected = "no model\\.json and no file that ends in \\.safetensors, \\.tflite, [a-z0-9., ]*, but";
		expect(await refusal(join(folder, "empty"))).toMatch(
			new RegExp(`^not-found: empty holds ${expected} nothing at all\\.$`),
		);
		expect(await refusal(join(folder, "other"))).toMatch(
			new RegExp(`^not-found: other holds ${expected} 2 others \\(notes\\.md, picture\\.jpg\\)\\.$`),
		);
		expect(await refusal(join(folder, "two"))).toBe(
			"not-found: two holds 2 files that may be the model (a.tflite, b.safetensors): say which.",
		);
	});

	test("a path that is not there, something that is no source", async () => {
		expect(await refusal(join(folder, "nothing"))).toBe(
			"not-found: nothing cannot be read: there is no such file.",
		);
		expect(await refusal(7 as never)).toBe("usage: a model is read from a path, a URL or bytes, not from 7.");
	});

	test("a model.json of which there are only the bytes", async () => {
		expect(await refusal(made.tfjs!["model.json"] as Uint8Array, { name: "model.json" })).toBe(
			"usage: model.json needs the file weights.bin beside it, but only its bytes were given: give its path or its address.",
		);
	});

	test.each([
		["", "broken-file", "it is empty"],
		[
			"\n <!DOCTYPE html><html>",
			"broken-file",
			"it is an HTML page, perhaps a server's error instead of the file",
		],
		["<html><body>404", "broken-file", "it is an HTML page"],
		[
			"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
			"broken-file",
			"it is a Git LFS pointer, which only stands for the file: fetch that with git lfs pull",
		],
		["PK\x03\x04\x14", "unsupported", "it is a zip archive, perhaps of Keras or PyTorch"],
		[
			' {"a": 1}',
			"broken-file",
			"it is JSON without the modelTopology and the weightsManifest of TensorFlow.js",
		],
		["\x80\x02}q\x00", "unsupported", "it is a Python pickle that torch.save did not write"],
		[
			'<?xml version="1.0"?>\n<net name="m" version="11">',
			"unsupported",
			"it is the graph of an OpenVINO model",
		],
		["7767517\n75 83\n", "unsupported", "it is the graph of an ncnn model, which is not read yet"],
		['name: "MOBILENET"\nlayer {', "unsupported", "it is a network of Caffe as text"],
		// ProgramDesc { blocks { idx: 0, parent_idx: -1 … and a tensor of floats behind its header of zeros.
		["\n\x80\x01\x08\0\x10\xff\xff\xff\xff\x0f\x1a", "unsupported", "it is a model of Paddle"],
		[`${"\0".repeat(16)}\x08\0\0\0\x08\x05\x10`, "unsupported", "it is a model of Paddle"],
		['{"base_code": {"magic": "pir"}}', "unsupported", "it is a model of Paddle"],
		["\x1f\x8b\x08", "unsupported", "it is a gzip archive: unpack it"],
		[`name${"\0".repeat(253)}ustar`, "unsupported", "it is a tar archive: unpack it"],
		["\xff\xd8\xff\xe0", "unsupported", "it is a picture"],
		["hello, you", "broken-file", "its first bytes are 68 65 6c 6c 6f 2c 20 79"],
		["x", "broken-file", "its first bytes are 78"],
	])("%j", async (text, code, what) => {
		const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
		const sentence = await refusal(bytes, { name: "m" });
		expect(sentence.replace(/\([^)]*\)/, "(…)")).toContain(
			`${code}: m is of no format that can be read (…): ${what}`,
		);
	});

	test("a zip archive, by the files in it", async () => {
		const of = (...paths: string[]) =>
			zipSync(Object.fromEntries(paths.map((path) => [path, new Uint8Array(3)])));
		const keras = of("metadata.json", "config.json", "model.weights.h5");
		expect(await refusal(keras)).toMatch(/^broken-file: .*: its config\.json is no JSON/);
		expect(await refusal(of("program/archive_format", "program/data/weights/weight_0"))).toMatch(
			/^unsupported: .*: it is a program of torch\.export: save/,
		);
		expect(await refusal(of("photo.jpg"))).toMatch(/^unsupported: .*: it is a zip archive, perhaps of/);
	});

	test("safetensors of another network, with what is in them", async () => {
		const tensor = { dtype: "F32", shape: [1], data: Float32Array.of(1) } as const;
		const bytes = writeSafetensors(new Map([["model.conv_stem.weight", tensor]]), { format: "pt" });
		expect(await refusal(bytes, { name: "hf.safetensors" })).toBe(
			"not-mobilenet: hf.safetensors holds no MobileNet v1: it has no 3×3 convolutions, but model.conv_stem.",
		);
	});

	test("the start of each format and nothing after it", async () => {
		for (const start of [
			"{",
			'{"a": 1}',
			"\x08\0\0\0\0\0\0\0{",
			"\xff\xff\xff\xff\xff\0\0\0{}",
			"\x1c\0\0\0TFL3",
			"TFL3TFL3TFL3TFL3TFL3TFL3",
			"\x89HDF\r\n\x1a\n",
		])
			expect(await refusal(Uint8Array.from(start, (character) => character.charCodeAt(0)))).toMatch(
				/^broken-file: the model/,
			);
	});
});
