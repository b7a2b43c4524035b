/**
 * The networks that have names. Facts, each as its maker publishes it; digests and lengths of files that somebody of this
 * project has held.
 */
import type { CatalogEntry } from "./entry.ts";

const coral = "104342d2d3480b3e66203073dac24f4e2dbb4c41";
const google = "MobileNet v1 by Google, trained on ImageNet (ILSVRC-2012).";

export const entries: readonly CatalogEntry[] = [
	{
		name: "imagenet/0.5-160",
		title: "Google's 0.5-160, uint8",
		files: [
			{
				path: "mobilenet_v1_0.5_160_quant.tflite",
				bytes: 1_392_846,
				sha256: "3cc6d2ca460abd2e0f699a6d0d2550c6b61c6e3b0e27a3616e384ea74cb86f43",
			},
		],
		sources: [{ github: "google-coral/test_data", revision: coral }],
		license: "Apache-2.0",
		origin: google,
	},
	{
		name: "imagenet/0.25-128",
		title: "Google's 0.25-128, uint8",
		files: [
			{
				path: "mobilenet_v1_0.25_128_quant.tflite",
				bytes: 525_598,
				sha256: "cb273c23ee76374b05b9583177e28aa19744858a7679c56a250e83d0333da785",
			},
		],
		sources: [{ github: "google-coral/test_data", revision: coral }],
		license: "Apache-2.0",
		origin: google,
	},
];

/** Names that stand for others: the one that a page should take, small and quantized, is `imagenet` alone. */
export const aliases: Readonly<Record<string, string>> = { imagenet: "imagenet/0.5-160" };
