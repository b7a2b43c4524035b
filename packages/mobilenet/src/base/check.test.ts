import fc from "fast-check";
import { expect, it } from "vitest";
import { checkWhole } from "./check.ts";

it("takes whole numbers in the range and no others", () => {
	fc.assert(
		fc.property(fc.nat(100), fc.nat(100), fc.integer({ min: -50, max: 250 }), (least, more, value) => {
			const isIn = value >= least && value <= least + more;
			const check = () => checkWhole("batch", value, least, least + more);
			if (isIn) expect(check).not.toThrow();
			else
				expect(check).toThrow(`batch must be a whole number from ${least} to ${least + more}, not ${value}.`);
		}),
	);
});

it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "1", undefined, null, [1]])(
	"refuses %o",
	(value) => {
		expect(() => checkWhole("k", value, 0)).toThrow(/^k must be a whole number of at least 0, not /);
	},
);
