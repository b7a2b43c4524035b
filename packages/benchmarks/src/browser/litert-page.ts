/** LiteRT.js in a page: `model.run` on an existing tensor, and reading the output. */
import { loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";
import type { Job } from "../protocol.ts";
import { type Timed, timed } from "../runtimes/timed.ts";

export async function prepare({ batch, size, channels, inputs, threads }: Job): Promise<Timed> {
	await loadLiteRt("/node_modules/@litertjs/core/wasm/", { threads: threads > 1 });
	const model = await loadAndCompile("/files/network.tflite", {
		accelerator: "wasm",
		cpuOptions: { numThreads: threads },
	});
	const numbers = new Float32Array(await (await fetch("/files/input.f32")).arrayBuffer());
	const length = numbers.length / inputs;
	const tensors = Array.from(
		{ length: inputs },
		(_, n) => new Tensor(numbers.slice(n * length, (n + 1) * length), [batch, size, size, channels]),
	);
	return timed(tensors, async (tensor) => {
		const [output] = await model.run(tensor);
		const data = await output!.data();
		output!.delete();
		return data as Float32Array;
	});
}
