import { describe, expect, test } from "vitest";
import { MobileNetError } from "../base/error.ts";
import { type ConfigurationOptions, configure, presets } from "./configuration.ts";

describe("configure", () => {
	test("is the tf preset by default", () => {
		expect(configure()).toEqual(presets.tf);
		expect(configure({ preset: undefined, alpha: undefined })).toEqual(presets.tf);
	});

	test("takes a preset and what differs from it", () => {
		const configuration = configure({ preset: "tutorial", alpha: 0.5, classes: 10 });
		expect(configuration).toEqual({ ...presets.tutorial, alpha: 0.5, classes: 10 });
	});

	test("never changes a preset", () => {
		const before = structuredClone(presets.torch);
		configure({ preset: "torch", size: 128, activation: "leakyRelu" });
		expect(presets.torch).toEqual(before);
	});

	// The paper's resolutions: 224, 192, 160 and 128 pixels.
	test.each([
		[1, 224],
		[6 / 7, 192],
		[5 / 7, 160],
		[4 / 7, 128],
		[0.857, 192],
		[0.714, 160],
	])("ρ %d means %d pixels", (rho, size) => {
		expect(configure({ rho }).size).toBe(size);
		expect(configure({ rho, size }).size).toBe(size);
	});

	test("a leaky ReLU has a slope, the others have none", () => {
		expect(configure({ activation: "leakyRelu" }).leakySlope).toBe(0.1);
		expect(configure({ activation: "leakyRelu", leakySlope: 0.2 }).leakySlope).toBe(0.2);
		expect(configure({ activation: "relu" }).leakySlope).toBe(0);
	});
});

describe("what is refused, in one sentence that names the field and what was received", () => {
	test.each<[Record<string, unknown>, RegExp]>([
		[{ alpha: 0 }, /^alpha must be a number above 0 .*, not 0\.$/],
		[{ alpha: -1 }, /not -1\.$/],
		[{ alpha: Number.NaN }, /not NaN\.$/],
		[{ alpha: Number.POSITIVE_INFINITY }, /not Infinity\.$/],
		[{ alpha: "0.5" }, /not "0\.5"\.$/],
		[{ alpha: null }, /not null\.$/],
		[{ size: 31 }, /^size must be a whole number from 32 to \d+, not 31\.$/],
		[{ size: 224.5 }, /not 224\.5\.$/],
		[{ size: 1e9 }, /not 1000000000\.$/],
		[{ rho: 0 }, /^rho must be a number above 0, not 0\.$/],
		[{ rho: "6/7" }, /^rho .*"6\/7"\.$/],
		[{ rho: 0.1 }, /^rho must be such that 224·rho is from 32 to \d+ pixels, not 0\.1\.$/],
		[{ rho: 6 / 7, size: 224 }, /^rho .* a size of 192, but size is 224: give only one of the two\.$/],
		[{ inputChannels: 0 }, /^inputChannels .*not 0\.$/],
		[{ classes: 0 }, /^classes .*not 0\.$/],
		[{ classes: 1e12 }, /^classes .*not 1000000000000\.$/],
		[{ depth: "deep" }, /^depth must be "full" or "shallow", not "deep"\.$/],
		[{ padding: "valid" }, /^padding must be "same", "symmetric" or "keras", not "valid"\.$/],
		[{ lastBlock: 1 }, /^lastBlock must be "stride1" or "stride2", not 1\.$/],
		[{ epsilon: -1e-3 }, /^epsilon .*not -0\.001\.$/],
		[{ momentum: 2 }, /^momentum .*not 2\.$/],
		[{ runningVariance: "none" }, /^runningVariance must be "unbiased" or "biased", not "none"\.$/],
		[
			{ channelRounding: "round" },
			/^channelRounding must be "floor", "truncate" or "divisible8", not "round"\.$/,
		],
		[{ activation: "gelu" }, /^activation must be "relu6", "relu" or "leakyRelu", not "gelu"\.$/],
		[{ leakySlope: 1 }, /^leakySlope .*not 1\.$/],
		[{ leakySlope: 0.1 }, /^leakySlope must be 0 with the activation relu6, not 0\.1\.$/],
		[{ head: "yes" }, /^head must be true or false, not "yes"\.$/],
		[{ dropout: 1 }, /^dropout .*not 1\.$/],
		[{ output: "probabilities" }, /^output must be "softmax", "logits" or "sigmoid", not "probabilities"\.$/],
		[{ pooling: "mean" }, /^pooling must be "average", "max" or "none", not "mean"\.$/],
		[
			{ headLayers: [{ units: 0, activation: "relu" }] },
			/^headLayers must be at most 16 layers .*not \[\{"units":0/,
		],
		[{ binary: true }, /^binary must be false for 1001 classes and the output softmax, not true\.$/],
		[{ preset: "keras" }, /^preset must be "tf", "torch" or "tutorial", not "keras"\.$/],
		[{ preset: "constructor" }, /^preset .*not "constructor"\.$/],
		[{ width: 1 }, /^unknown configuration field "width": use alpha, .* preset or rho\.$/],
		[{ toString: 1 }, /^unknown configuration field "toString"/],
	])("%j", (options, message) => {
		let thrown: unknown;
		try {
			configure(options as ConfigurationOptions);
		} catch (error) {
			thrown = error;
		}
		expect(thrown).toBeInstanceOf(MobileNetError);
		expect(thrown).toMatchObject({ code: "configuration", message: expect.stringMatching(message) });
	});
});
