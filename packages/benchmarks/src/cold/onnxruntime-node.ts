/** A first prediction with onnxruntime-node: node onnxruntime-node.js FOLDER SIZE */
import { readFileSync, writeSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";

const [folder, size] = [process.argv[2]!, Number(process.argv[3])];
const session = await InferenceSession.create(`${folder}/network.onnx`, {
	executionProviders: ["cpu"],
	graphOptimizationLevel: "all",
	intraOpNumThreads: 1,
	interOpNumThreads: 1,
});
const pixels = readFileSync(`${folder}/pixels`);
const area = size * size;
const input = new Float32Array(3 * area);
for (let i = 0; i < area; i++)
	for (let c = 0; c < 3; c++) input[c * area + i] = (pixels[i * 3 + c]! - 127.5) / 127.5;
const { probabilities } = await session.run({ input: new Tensor("float32", input, [1, 3, size, size]) });
const values = probabilities!.data as Float32Array;
writeSync(1, String(values.indexOf(values.reduce((most, value) => Math.max(most, value)))));
