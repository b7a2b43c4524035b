/** The runtimes: the package with the version, the program, the file that it runs, and its limits. */
import type { FileName } from "../network.ts";

export interface Runtime {
	readonly package: string;
	/** The program that serves it: its path in src/ without the ending. */
	readonly program: string;
	readonly file: FileName;
	readonly mostThreads: number;
	/** Why it cannot run networks of integers, if it cannot. */
	readonly floatOnly?: string;
}

const any = Number.POSITIVE_INFINITY;

export const runtimes = {
	mobilenet: {
		package: "mobilenet",
		program: "runtimes/mobilenet",
		file: "network.safetensors",
		mostThreads: any,
	},
	"onnxruntime-node": {
		package: "onnxruntime-node",
		program: "runtimes/onnxruntime-node",
		file: "network.onnx",
		mostThreads: any,
	},
	"onnxruntime-web": {
		package: "onnxruntime-web",
		program: "runtimes/onnxruntime-web",
		file: "network.onnx",
		mostThreads: any,
	},
	/** Its threads only work in browsers. */
	"tfjs-wasm": {
		package: "@tensorflow/tfjs-backend-wasm",
		program: "runtimes/tfjs-wasm",
		file: "folded.safetensors",
		mostThreads: 1,
		floatOnly: "its operations take floats only",
	},
	"litert.js": {
		package: "@litertjs/core",
		program: "runtimes/litert",
		file: "network.tflite",
		mostThreads: any,
	},
} as const satisfies Record<string, Runtime>;

export type RuntimeName = keyof typeof runtimes;
export const runtimeNames = Object.keys(runtimes) as readonly RuntimeName[];

/** The program that runs ours in the browser. */
export const oursInChromium = "runtimes/mobilenet-chromium";
