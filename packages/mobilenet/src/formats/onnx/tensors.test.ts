/** Constants that lie in a file beside the graph: read where it says, and from no other place. */
import { describe, expect, test } from "vitest";
import { MobileNetError } from "../../base/error.ts";
import { message } from "../protobuf.ts";
import { readOnnx } from "./read.ts";

describe("constants in another file", () => {
	/** A graph that multiplies by a constant whose bytes lie elsewhere. */
	const outside = (entries: Readonly<Record<string, string>>): Uint8Array =>
		message((model) =>
			model.message(7, (graph) => {
				graph.message(1, (multiplication) => {
					for (const input of ["input", "c"]) multiplication.text(1, input);
					multiplication.text(2, "y");
					multiplication.text(4, "Mul");
				});
				graph.message(5, (tensor) => {
					tensor.packed(1, [2]);
					tensor.integer(2, 1);
					tensor.text(8, "c");
					for (const [key, value] of Object.entries(entries))
						tensor.message(13, (entry) => {
							entry.text(1, key);
							entry.text(2, value);
						});
				});
				graph.message(11, (value) => value.text(1, "input"));
				graph.message(12, (value) => value.text(1, "y"));
			}),
		);
	const beside = async (path: string): Promise<Uint8Array> => {
		expect(path).toBe("net.data");
		return new Uint8Array(Float32Array.of(9, 2, 4).buffer);
	};
	const read = (entries: Readonly<Record<string, string>>) =>
		readOnnx({ name: "net.onnx", bytes: outside(entries), beside });

	test("are read where it says", async () => {
		const { layers } = await read({ location: "./net.data", offset: "4", length: "8" });
		expect(layers).toEqual([{ kind: "affine", name: "y", factor: [2, 4], offset: [0] }]);
	});

	test.each([
		[
			{ location: "net.data", offset: "8", length: "8" },
			"its constant c should take 8 bytes at offset 8 of net.data, which has 12",
		],
		[
			{ location: "net.data", offset: "-4", length: "8" },
			"its constant c should take 8 bytes at offset -4 of net.data, which has 12",
		],
		[
			{ location: "net.data", offset: "x" },
			'its constant c lies at the offset "x" of net.data where a whole number was expected',
		],
		[
			{ location: "../net.data" },
			'its constants lie in "../net.data" where the path of a file in its folder was expected',
		],
		[
			{ location: "/etc/hosts" },
			'its constants lie in "/etc/hosts" where the path of a file in its folder was expected',
		],
		[
			{ location: "http://a/b" },
			'its constants lie in "http://a/b" where the path of a file in its folder was expected',
		],
	])("are refused elsewhere: %j", async (entries, sentence) => {
		await expect(read(entries)).rejects.toThrow(
			new MobileNetError("broken-file", `net.onnx: ${sentence}.`, { file: "net.onnx" }),
		);
	});
});
