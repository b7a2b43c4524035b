import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { configure } from "./configuration.ts";
import { cost } from "./cost.ts";
import { type SummaryColumn, type SummaryTextOptions, summary, summaryTable } from "./summary.ts";

describe("summary", () => {
	test.each<[SummaryTextOptions, RegExp]>([
		[{ batch: 0 }, /^batch must be a whole number from 1 to \d+, not 0\.$/],
		[{ batch: 1.5 }, /^batch .*not 1\.5\.$/],
		[{ batch: 1e12 }, /^batch .*not 1000000000000\.$/],
		[{ depth: -1 }, /^depth must be a whole number from 0, not -1\.$/],
		[{ columns: ["macs" as SummaryColumn] }, /^unknown column "macs": use input_size, /],
	])("refuses %j in one sentence", (options, message) => {
		expect(() => summary(configure(), options)).toThrow(message);
	});

	// 15625 pictures make every float of their activations 125,000 bytes twice over: eighths of a megabyte.
	test.each([9, 10, 11, 12, 13, 14, 15, 16])(
		"rounds as Python does, halves to even (%d classes)",
		(classes) => {
			const options = { batch: 15625 };
			const configuration = configure({ preset: "tutorial", alpha: 0.1, size: 32, classes });
			const bytes = summaryTable(configuration, options).totals.forwardBackwardBytes;
			expect(bytes % 125_000).toBe(0);
			const [hundredths, rest] = [Math.floor(bytes / 10_000), bytes % 10_000];
			const up = rest > 5000 || (rest === 5000 && hundredths % 2 === 1);
			const expected = ((hundredths + (up ? 1 : 0)) / 100).toFixed(2);
			expect(summary(configuration, options)).toContain(`Forward/backward pass size (MB): ${expected}\n`);
		},
	);

	test("goes from M to G to T", () => {
		const configuration = configure({ preset: "tutorial" });
		expect(summary(configuration)).toContain("Total mult-adds (M): 568.76\n");
		expect(summary(configuration, { batch: 2 })).toContain("Total mult-adds (G): 1.14\n");
		expect(summary(configuration, { batch: 2000 })).toContain("Total mult-adds (T): 1.14\n");
	});
});

describe("summaryTable", () => {
	test("agrees with cost by torchinfo's convention, times the batch", () => {
		const any = fc.record({
			preset: fc.constantFrom("tf" as const, "torch" as const, "tutorial" as const),
			alpha: fc.double({ min: 0.1, max: 1.5, noNaN: true }),
			size: fc.integer({ min: 32, max: 320 }),
			head: fc.boolean(),
		});
		fc.assert(
			fc.property(any, fc.integer({ min: 1, max: 64 }), (options, batch) => {
				const configuration = configure(options);
				const { rows, totals } = summaryTable(configuration, { batch });
				const whole = cost(configuration, { convention: "torchinfo" });
				expect(totals.parameters).toBe(whole.parameters);
				expect(totals.multAdds).toBe(batch * whole.multAdds);
				expect(rows[0]).toMatchObject({ type: "MobileNet", depth: 0, parameters: whole.parameters });
				expect(totals.inputBytes).toBe(4 * batch * 3 * options.size ** 2);
			}),
		);
	});

	test("shows the requested levels, and still the totals of the whole network", () => {
		const configuration = configure();
		const all = summaryTable(configuration);
		const two = summaryTable(configuration, { depth: 2 });
		expect(two.rows).toEqual(all.rows.filter((row) => row.depth <= 2));
		expect(two.totals).toEqual(all.totals);
	});

	test("names the layer of every module that belongs to one", () => {
		const rows = summaryTable(configure({ preset: "torch" })).rows.filter(
			(row) => row.layer === "blocks.3.depthwise",
		);
		expect(rows.map(({ type, leaf }) => [type, leaf])).toEqual([
			["Conv2d", true],
			["BatchNorm2d", true],
			["ReLU6", true],
		]);
	});
});
