/** TensorFlow's real graphs: the weights of one network in two formats, and what retrained networks say of their input. */
import { expect, it } from "vitest";
import { readModel } from "../../src/formats/index.ts";
import type { Tensor } from "../../src/weights/tensor.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const [frozen, layersModel] = [
	"weights/mobilenet_v1_0.25_224_frozen.pb",
	"weights/mobilenet_v1_0.25_224_tfjs",
];
const graphModel = "weights/mobilenet_v1_0.25_224_tfjs_graph";

/** A classifier without its first output. */
function withoutBackground({ shape: [outputs = 0, ...rest], data }: Tensor): Pick<Tensor, "shape" | "data"> {
	return { shape: [outputs - 1, ...rest], data: data.subarray(data.length / outputs) };
}

describeWithShared("TensorFlow's graphs", [frozen, layersModel, graphModel], () => {
	it("a frozen graph has the numbers of the layers model bit for bit, and a background class (weights/README.md)", async () => {
		const graph = await readModel(shared(frozen));
		const layers = await readModel(shared(layersModel));
		expect(graph.configuration).toEqual({ ...layers.configuration, classes: 1001, dropout: 0 });
		expect(graph.source.format).toBe("TensorFlow GraphDef");
		expect([...graph.tensors.keys()]).toEqual([...layers.tensors.keys()]);
		for (const [name, tensor] of graph.tensors) {
			const { shape, data } = name.startsWith("classifier.") ? withoutBackground(tensor) : tensor;
			const other = layers.tensors.get(name)!;
			expect([name, shape]).toEqual([name, other.shape]);
			expect(Buffer.compare(bytesOf(data), bytesOf(other.data))).toBe(0);
		}
	});

	it("a TF-Hub module takes 0 … 1 and moves that to −1 … 1 itself", async () => {
		const { configuration, preprocessing, source } = await readModel(shared(graphModel));
		expect(configuration).toMatchObject({ alpha: 0.25, size: 224, classes: 1001, output: "logits" });
		expect(source.format).toBe("TensorFlow.js graph model");
		for (const values of [preprocessing.mean, preprocessing.std])
			for (const value of values) expect(value).toBeCloseTo(127.5, 3);
	});
});

function bytesOf({ buffer, byteOffset, byteLength }: Tensor["data"]): Uint8Array {
	return new Uint8Array(buffer, byteOffset, byteLength);
}
