/** The runtimes: where each one's version is, which file it runs, and what it cannot do. */
import type { FileName } from "../network.ts";

export interface Runtime {
	readonly package: string;
	/** The file of this folder that serves it. */
	readonly program: string;
	readonly file: FileName;
	readonly mostThreads: number;
}

const any = Number.POSITIVE_INFINITY;

export const runtimes = {
	mobilenet: { package: "mobilenet", program: "mobilenet", file: "network.safetensors", mostThreads: any },
	"onnxruntime-node": {
		package: "onnxruntime-node",
		program: "onnxruntime-node",
		file: "network.onnx",
		mostThreads: any,
	},
	"onnxruntime-web": {
		package: "onnxruntime-web",
		program: "onnxruntime-web",
		file: "network.onnx",
		mostThreads: any,
	},
	/** Its threads are for browsers only. */
	"tfjs-wasm": {
		package: "@tensorflow/tfjs-backend-wasm",
		program: "tfjs-wasm",
		file: "folded.safetensors",
		mostThreads: 1,
	},
	"litert.js": { package: "@litertjs/core", program: "litert", file: "network.tflite", mostThreads: any },
} as const satisfies Record<string, Runtime>;

export type RuntimeName = keyof typeof runtimes;
export const runtimeNames = Object.keys(runtimes) as readonly RuntimeName[];
