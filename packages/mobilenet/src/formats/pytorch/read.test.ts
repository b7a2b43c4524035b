import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import {
	type Built,
	rebuilt,
	type Stored,
	stateDict,
	type TorchBuilder,
	torchBuilder,
} from "../../../test/support/torch-builder.ts";
import { torchTensors, tutorialNames } from "../../../test/support/torch-names.ts";
import { MobileNetError } from "../../base/error.ts";
import { configure } from "../../network/configuration.ts";
import { float32Of } from "../../weights/float.ts";
import { initialize } from "../../weights/initialize.ts";
import type { Model } from "../../weights/model.ts";
import { sizeOf, type Tensor } from "../../weights/tensor.ts";
import { readModel } from "../read.ts";

/** The tutorial's network, as small as one is. */
const model = initialize(configure({ preset: "tutorial", alpha: 0.25, classes: 3 }), { seed: 4 });
const named = torchTensors(model, tutorialNames, "classifier");

const read = (bytes: Uint8Array): Promise<Model> => readModel(bytes, { name: "model.pth" });

async function refusal(bytes: Uint8Array): Promise<string> {
	try {
		await read(bytes);
	} catch (error) {
		expect(error).toBeInstanceOf(MobileNetError);
		expect((error as MobileNetError).message).toMatch(/^model\.pth\P{Cc}*\.$/u);
		return `${(error as MobileNetError).code}: ${(error as MobileNetError).message}`;
	}
	throw new Error("it was read");
}

/** A zip of what is made of the tensors' names and values. */
function file(root: (weights: Built, builder: TorchBuilder) => Built): Uint8Array {
	const builder = torchBuilder();
	return builder.file(root(stateDict(builder, named), builder));
}

/** The state dict with other tensors for some. */
function changed(
	change: (name: string, tensor: Tensor, builder: TorchBuilder) => Built | undefined,
): Uint8Array {
	const builder = torchBuilder();
	const entries = [...named].map(
		([name, tensor]) => [name, change(name, tensor, builder) ?? builder.tensor(tensor)] as const,
	);
	return builder.file(new Map(entries));
}

describe("the weights of a network are read", () => {
	test("from a state dict in a zip archive, and from pickles in a row", async () => {
		const { configuration, tensors, source } = await read(file((weights) => weights));
		expect(tensors).toEqual(model.tensors);
		expect(configuration).toEqual({ ...model.configuration, output: "logits" });
		expect(source.format).toBe("PyTorch");
		expect(source.assumed).toEqual(expect.arrayContaining(["size", "padding", "lastBlock", "activation"]));
		expect(source.notes).toEqual([expect.stringMatching(/as in the PyTorch tutorial\.$/)]);

		const builder = torchBuilder("row");
		expect(await read(builder.file(stateDict(builder, named)))).toMatchObject({ configuration, tensors });
	});

	test("from a checkpoint, by what it calls them, whatever else it has", async () => {
		const optimizer = (weights: Built): Built =>
			new Map<Built, Built>([["state", new Map<Built, Built>([[0, weights]])]]);
		const others: [Built, Built][] = [
			["epoch", 3],
			["lr", 0.1],
			["args", { call: "argparse.Namespace", with: [], state: new Map([["lr", 0.1]]) }],
			["best", { call: "numpy.core.multiarray.scalar", with: [{ call: "numpy.dtype", with: ["f8"] }, "x"] }],
			["evil", { call: "os.system", with: ["touch /tmp/harm"] }],
		];
		for (const name of [
			"state_dict",
			"model",
			"model_state_dict",
			"net",
			"weights",
			"anything",
			"model_ema",
		]) {
			const bytes = file(
				(weights) => new Map<Built, Built>([["optimizer", optimizer(weights)], ...others, [name, weights]]),
			);
			expect((await read(bytes)).tensors).toEqual(model.tensors);
		}
		const zeros = (builder: TorchBuilder): Built =>
			stateDict(
				builder,
				[...named].map(([name, { shape }]) => [
					name,
					{ dtype: "F32", shape, data: new Float32Array(sizeOf(shape)) },
				]),
			);
		const { tensors, source } = await read(
			file(
				(weights, builder) =>
					new Map([
						["model_ema", zeros(builder)],
						["model", weights],
					]),
			),
		);
		expect(tensors).toEqual(model.tensors);
		expect(source.notes).toContain(
			"It is a checkpoint with the weights model, which are taken, and with model_ema.",
		);
	});

	test("behind prefixes, as parameters, and with counters between them", async () => {
		const builder = torchBuilder();
		const counter: Stored = { dtype: "I64", shape: [], data: BigInt64Array.of(7n) };
		const prefixed = [...named].flatMap(([name, tensor]): [string, Stored][] => [
			[`_orig_mod.module.${name}`, tensor],
			...(name.endsWith("running_var")
				? (
						[[`_orig_mod.module.${name.replace("running_var", "num_batches_tracked")}`, counter]] as const
					).map(([key, value]): [string, Stored] => [key, value])
				: []),
		]);
		expect((await read(builder.file(stateDict(builder, prefixed)))).tensors).toEqual(model.tensors);
		const parameters = changed((_, tensor, own) => ({
			call: "torch._utils._rebuild_parameter",
			with: [own.tensor(tensor), true, { call: "collections.OrderedDict", with: [] }],
		}));
		expect((await read(parameters)).tensors).toEqual(model.tensors);
		const typed = changed((_, tensor, own) => {
			const { call, with: given } = own.tensor(tensor) as { call: string; with: Built[] };
			return {
				call: "torch._tensor._rebuild_from_type_v2",
				with: [{ global: call }, { global: "torch.nn.parameter.Parameter" }, given, new Map()],
			};
		});
		expect((await read(typed)).tensors).toEqual(model.tensors);
	});

	test("of TorchScript, by its objects' attributes", async () => {
		const builder = torchBuilder();
		interface Objects extends Map<string, Objects | Built> {}
		const root: Objects = new Map();
		for (const [name, tensor] of named) {
			const path = name.split(".");
			let object = root;
			for (const part of path.slice(0, -1)) {
				if (!object.has(part)) object.set(part, new Map());
				object = object.get(part) as Objects;
			}
			object.set(path.at(-1)!, builder.tensor(tensor));
		}
		const scripted = (object: Objects): Built => ({
			call: "__torch__.Network",
			with: [],
			state: new Map(
				[...object].map(([name, value]) => [name, value instanceof Map ? scripted(value as Objects) : value]),
			),
		});
		const code = { "code/__torch__.py": new Uint8Array(1) };
		const { tensors, source } = await read(builder.file(scripted(root), code));
		expect(tensors).toEqual(model.tensors);
		expect(source.format).toBe("TorchScript");
		expect(await refusal(torchBuilder().file(scripted(new Map()), code))).toMatch(
			/^unsupported: .*TorchScript.*torch\.jit\.freeze/,
		);
	});
});

describe("tensors", () => {
	const weight = "layers.12.3.weight";
	const ofWeight = async (bytes: Uint8Array) =>
		(await read(bytes)).tensors.get("blocks.12.pointwise.conv.weight")!;

	test("of halves, bfloat16 and doubles are the same numbers", async () => {
		const numbers = Float32Array.from({ length: 256 * 256 }, (_, i) => (i % 17) / 8 - 1);
		const shape = [256, 256, 1, 1];
		const bits = Uint16Array.from(new Uint32Array(numbers.buffer), (value) => value >>> 16);
		for (const tensor of [
			{ dtype: "BF16", shape, data: bits },
			{ dtype: "F64", shape, data: Float64Array.from(numbers) },
		] satisfies Stored[]) {
			const found = await ofWeight(
				changed((name, _, builder) => (name === weight ? builder.tensor(tensor) : undefined)),
			);
			expect(found.dtype).toBe(tensor.dtype === "F64" ? "F32" : tensor.dtype);
			expect(float32Of(found as Parameters<typeof float32Of>[0])).toEqual(numbers);
		}
		// 1.5 and −2 as halves.
		const halves = Uint16Array.from({ length: 256 * 256 }, (_, i) => (i % 2 ? 0x3e00 : 0xc000));
		const found = await ofWeight(
			changed((name, _, builder) =>
				name === weight ? builder.tensor({ dtype: "F16", shape, data: halves }) : undefined,
			),
		);
		expect([...float32Of(found as Parameters<typeof float32Of>[0]).slice(0, 2)]).toEqual([-2, 1.5]);
	});

	test("lie anywhere in a storage, and in any order", async () => {
		const { shape, data } = named.get(weight)! as Tensor & { data: Float32Array };
		const padded = new Float32Array(data.length + 5);
		padded.set(data, 3);
		const transposed = Float32Array.from(data, (_, i) => data[(i % 256) * 256 + Math.floor(i / 256)]!);
		const placed = (numbers: Float32Array, offset: number, strides: readonly number[]) =>
			changed((name, _, builder) =>
				name === weight
					? rebuilt(
							builder.storage("FloatStorage", new Uint8Array(numbers.buffer), numbers.length),
							offset,
							shape,
							strides,
						)
					: undefined,
			);
		expect((await ofWeight(placed(padded, 3, [256, 1, 1, 1]))).data).toEqual(data);
		// The stride of an axis of one says nothing.
		expect((await ofWeight(placed(padded, 3, [256, 1, 256, 77]))).data).toEqual(data);
		expect((await ofWeight(placed(transposed, 0, [1, 256, 1, 1]))).data).toEqual(data);
		// One number for all, as `expand` makes it, which no state dict of a sound network has: read as it is.
		expect(new Set((await ofWeight(placed(padded, 3, [0, 0, 0, 0]))).data)).toEqual(new Set([data[0]]));
	});

	test("that reach out of their storage, or have none, are refused", async () => {
		const { shape, data } = named.get(weight)! as Tensor & { data: Float32Array };
		const numbers = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
		const cases: readonly (readonly [Built, number, readonly number[], readonly number[]])[] = [
			[0, 1, shape, [256, 1, 1, 1]],
			[0, 0, shape, [257, 1, 1, 1]],
			[0, 2 ** 31 - 1, shape, [256, 1, 1, 1]],
			[0, 0, shape, [2 ** 31 - 1, 1, 1, 1]],
			[0, 0, [2 ** 31 - 1, 2 ** 31 - 1, 1, 1], [0, 0, 0, 0]],
			[0, 0, shape, [256, 1]],
		];
		for (const [, offset, given, strides] of cases)
			expect(
				await refusal(
					changed((name, _, builder) =>
						name === weight
							? rebuilt(builder.storage("FloatStorage", numbers, data.length), offset, given, strides)
							: undefined,
					),
				),
			).toMatch(/^(broken-file: .*cut short or damaged|not-mobilenet: )/);
		const absent: Built = {
			persistent: ["storage", { global: "torch.FloatStorage" }, "../../secret", "cpu", 65_536],
		};
		expect(
			await refusal(
				changed((name) => (name === weight ? rebuilt(absent, 0, shape, [256, 1, 1, 1]) : undefined)),
			),
		).toContain('in the storage "../../secret", which has no file');
	});

	test("of integers are no weights", async () => {
		const codes = { dtype: "I8", shape: [256, 256, 1, 1], data: new Int8Array(65_536) } as const;
		expect(
			await refusal(changed((name, _, builder) => (name === weight ? builder.tensor(codes) : undefined))),
		).toMatch(/^unsupported: .*layers\.12\.3\.weight is of the type int8 where floats were expected\.$/);
	});
});

describe("what is no state dict is refused with what to do", () => {
	test("a module that was saved whole, in a checkpoint too", async () => {
		const module: Built = {
			call: "__main__.Net",
			with: [],
			state: new Map<Built, Built>([
				["_parameters", new Map()],
				["_modules", new Map()],
			]),
		};
		const sentence =
			'unsupported: model.pth: it holds a whole module of PyTorch (__main__.Net), which is code to be imported; save its weights: torch.save(model.state_dict(), "model.pth").';
		expect(await refusal(torchBuilder().file(module))).toBe(sentence);
		expect(await refusal(torchBuilder("row").file(module))).toBe(sentence);
		expect(await refusal(torchBuilder().file(new Map([["model", module]])))).toBe(sentence);
	});

	test("tensors that PyTorch quantized", async () => {
		const quantized = changed((name) =>
			name === "classifier.weight" ? { call: "torch._utils._rebuild_qtensor", with: [] } : undefined,
		);
		expect(await refusal(quantized)).toMatch(/^unsupported: .*quantized by PyTorch; take the network before/);
	});

	test("something else", async () => {
		const said = async (root: Built) => (await refusal(torchBuilder().file(root))).replace(/^.*but /, "");
		expect(await said(new Map<Built, Built>([["epoch", 3]]))).toBe('a dictionary of "epoch".');
		expect(await said(new Map())).toBe("an empty dictionary.");
		expect(await said({ list: [1, 2] })).toBe("a list of 2 values.");
		expect(await said({ call: "os.system", with: ["x"] })).toBe("an object of the class os.system.");
		expect(await said(3)).toBe("3.");
	});

	test("a machine's that puts the highest byte first", async () => {
		const archive = (order: string) =>
			zipSync({
				"a/data.pkl": Uint8Array.from([0x80, 2, 0x4e, 0x2e]),
				"a/byteorder": new TextEncoder().encode(order),
			});
		expect(await refusal(archive("big"))).toMatch(/^unsupported: .*highest byte first/);
		expect(await refusal(archive("little"))).toContain("but null");
	});

	test("a list of storages that fits no tensors", async () => {
		const builder = torchBuilder("row");
		builder.storage("FloatStorage", new Uint8Array(4), 1);
		expect(await refusal(builder.file(null))).toContain(
			'its list of storages has "0", which no tensor is in',
		);
		const cut = torchBuilder("row");
		const bytes = cut.file(stateDict(cut, named));
		for (const length of [200, 20_000, bytes.length - 1])
			expect(await refusal(bytes.slice(0, length))).toMatch(/^broken-file: /);
	});
});

test("a person says what weights do not", async () => {
	const bytes = file((weights) => weights);
	const given = { lastBlock: "stride1", activation: "relu", output: "softmax" } as const;
	const { configuration, source } = await readModel(bytes, { configuration: given });
	expect(configuration).toMatchObject(given);
	expect(source.assumed).not.toEqual(expect.arrayContaining(["lastBlock"]));
	expect((await readModel(bytes, { configuration: { padding: "same" } })).configuration.stemPadding).toBe(
		"same",
	);
	expect(
		(await readModel(bytes, { configuration: { activation: "leakyRelu" } })).configuration.leakySlope,
	).toBe(0.1);
	await expect(readModel(bytes, { configuration: { alpha: 2 } as never })).rejects.toThrow(
		'the model: "alpha" cannot be given: only what its file does not say can be (padding, lastBlock, activation, epsilon, dropout, output).',
	);
	await expect(readModel(bytes, { configuration: { lastBlock: "stride3" as never } })).rejects.toThrow(
		'lastBlock must be "stride1" or "stride2"',
	);
});
