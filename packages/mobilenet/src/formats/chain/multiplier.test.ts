import { describe, expect, test } from "vitest";
import { findWidth } from "./multiplier.ts";

const bases = [32, 64, 128, 128, 256, 256, 512, 1024, 1024];
const counts = (channels: readonly number[]) => bases.map((base, i) => ({ base, channels: channels[i]! }));

describe("α from channels", () => {
	test.each([
		// ⌊αc⌋, at least 8.
		[0.35, "floor", [11, 22, 44, 44, 89, 89, 179, 358, 358]],
		[0.1, "floor", [8, 8, 12, 12, 25, 25, 51, 102, 102]],
		[1.4, "floor", [44, 89, 179, 179, 358, 358, 716, 1433, 1433]],
		// The nearest multiple of 8, but not below 90 %: 11.2 → 16, 22.4 → 24, 44.8 → 48, 89.6 → 88, 179.2 → 176, 358.4 → 360.
		[0.35, "divisible8", [16, 24, 48, 48, 88, 88, 176, 360, 360]],
		// ⌊αc⌋, as Keras has it.
		[0.1, "truncate", [3, 6, 12, 12, 25, 25, 51, 102, 102]],
		[0.2, "truncate", [6, 12, 25, 25, 51, 51, 102, 204, 204]],
	] as const)("%d, %s", (alpha, channelRounding, channels) => {
		for (const preferred of ["floor", "divisible8"] as const)
			expect(findWidth(counts(channels), preferred)).toEqual({ alpha, channelRounding });
	});

	test("both roundings give the usual networks, and the preferred one is named", () => {
		const half = counts([16, 32, 64, 64, 128, 128, 256, 512, 512]);
		expect(findWidth(half, "floor")).toEqual({ alpha: 0.5, channelRounding: "floor" });
		expect(findWidth(half, "divisible8")).toEqual({ alpha: 0.5, channelRounding: "divisible8" });
	});

	test("none gives layers that disagree", () => {
		expect(findWidth(counts([32, 64, 128, 128, 256, 256, 512, 1024, 1000]), "floor")).toBeUndefined();
		expect(findWidth(counts([32, 32, 64, 64, 128, 128, 256, 512, 512]), "floor")).toBeUndefined();
		expect(findWidth(counts([0, 7, 7, 7, 7, 7, 7, 7, 7]), "floor")).toBeUndefined();
	});
});
