import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fit } from "../../index.ts";
import { fitText, parseFit } from "./fit.ts";

const fit = fc.oneof(
	fc.constant<Fit>("stretch"),
	fc.integer({ min: 1, max: 80 }).map((shorterSide): Fit => ({ shorterSide })),
	fc.double({ min: 0.01, max: 1, noNaN: true }).map((centralFraction): Fit => ({ centralFraction })),
);

describe("parseFit and fitText", () => {
	it.each([
		["stretch", "stretch"],
		["shorter-side=256", { shorterSide: 256 }],
		["central=0.875", { centralFraction: 0.875 }],
		["central=1", { centralFraction: 1 }],
	] as const)("%s", (text, fit) => {
		expect(parseFit(text)).toEqual(fit);
		expect(fitText(fit)).toBe(text);
	});

	it("are opposites", () => {
		fc.assert(
			fc.property(fit, (fit) => {
				expect(parseFit(fitText(fit))).toEqual(fit);
			}),
		);
	});

	it.each([
		"",
		"Stretch",
		"stretch=1",
		"shorter-side",
		"shorter-side=",
		"shorter-side=0",
		"shorter-side=-5",
		"shorter-side=25.6",
		"shorter-side=99999999999999999999",
		"shorter-side=256=1",
		"central=0",
		"central=1.01",
		"central=-",
		"central=0.5.5",
		"crop",
	])("refuse %o", (text) => {
		expect(() => parseFit(text)).toThrow(
			expect.objectContaining({
				code: "usage",
				message: expect.stringContaining(`not ${JSON.stringify(text)}.`),
			}),
		);
	});
});
