import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { type CurvePoint, curvesSvg, parseCurves } from "./curves.ts";

const points: readonly CurvePoint[] = [
	{ epoch: 1, loss: 2, validationLoss: 2.4, top1: 0.25 },
	{ epoch: 2, loss: 1, validationLoss: 1.5, top1: 0.5 },
	{ epoch: 3, loss: 0, validationLoss: 1.25, top1: 0.75 },
];
/** The numbers of each line of a chart, in pixels. */
const linesOf = (svg: string): number[][][] =>
	[...svg.matchAll(/<path class="line [a-z]+" d="([^"]*)"/g)].map(([, path]) =>
		path!.split(/(?=[ML])/).map((step) => step.slice(1).split(",").map(Number)),
	);

describe("the curves of a log", () => {
	it("are those of its epochs, in order, the later line of one that was done twice", () => {
		const log = [
			'{"time":"2026-01-01T00:00:00.000Z","kind":"note","message":"hello"}',
			'{"kind":"step","step":20,"stepLoss":3}',
			'{"kind":"epoch","epoch":1,"step":40,"loss":2,"validationLoss":2.4,"top1":0.25,"best":true}',
			'{"kind":"epoch","epoch":3,"loss":9}',
			'{"kind":"epoch","epoch":2,"loss":1,"validationLoss":1.5,"top1":0.5}',
			'{"kind":"epoch","epoch":3,"loss":0,"validationLoss":1.25,"top1":0.75}',
			"",
			"null",
			'{"kind":"epoch","epoch":4,"lo',
		].join("\n");
		expect(parseCurves(log)).toEqual(points);
	});

	it("are none where there are none, whatever the text", () => {
		expect(parseCurves("")).toEqual([]);
		fc.assert(
			fc.property(fc.string(), (text) => {
				expect(() => parseCurves(text)).not.toThrow();
			}),
		);
		fc.assert(
			fc.property(fc.array(fc.jsonValue()), (values) => {
				expect(() => parseCurves(values.map((value) => JSON.stringify(value)).join("\n"))).not.toThrow();
			}),
		);
	});
});

describe("curves as a picture", () => {
	it("stand where their numbers are", () => {
		const [training, validation, top1] = linesOf(curvesSvg(points));
		// Epochs are even steps; losses 2, 1, 0 fall by the same amount, and shares rise by the same amount.
		for (const line of [training!, validation!, top1!]) {
			expect(line).toHaveLength(3);
			expect(line[1]![0]! - line[0]![0]!).toBeCloseTo(line[2]![0]! - line[1]![0]!, 3);
			expect(line[0]![0]).toBeLessThan(line[2]![0]!);
		}
		expect(training![1]![1]! - training![0]![1]!).toBeCloseTo(training![2]![1]! - training![1]![1]!, 2);
		expect(training![0]![1]).toBeLessThan(training![2]![1]!);
		expect(top1![0]![1]).toBeGreaterThan(top1![2]![1]!);
		// Both losses have one scale: 1.25 lies between 1 and 2.
		expect(validation![2]![1]).toBeLessThan(training![1]![1]!);
		expect(validation![2]![1]).toBeGreaterThan(training![0]![1]!);
	});

	it("say to a screen reader what they show", () => {
		const svg = curvesSvg(points);
		expect(svg).toMatch(/<svg [^>]*role="img" aria-labelledby="curves-title curves-description"/);
		expect(svg).toContain('<title id="curves-title">Learning curves</title>');
		expect(svg).toContain(
			"At epoch 3 the training loss is 0, the validation loss 1.25, the validation top-1 75 %.</desc>",
		);
	});

	it.each<readonly [string, readonly CurvePoint[]]>([
		["many epochs", points],
		["one epoch", points.slice(0, 1)],
		["no epochs", []],
		["no validation", points.map(({ epoch, loss }) => ({ epoch, loss }))],
		[
			"a loss that is not finite",
			[...points, { epoch: 4, loss: Number.NaN }, { epoch: 5, loss: Number.POSITIVE_INFINITY }],
		],
		["equal losses", points.map(({ epoch }) => ({ epoch, loss: 1 }))],
	])("can be drawn by another program with %s", async (_, given) => {
		const svg = curvesSvg(given);
		expect(svg).not.toMatch(/NaN|Infinity|undefined/);
		const { data, info } = await sharp(new TextEncoder().encode(svg))
			.removeAlpha()
			.raw()
			.toBuffer({ resolveWithObject: true });
		expect(info).toMatchObject({ width: 720, height: 300 });
		// Something of the line's blue is on the paper, if there is anything to draw.
		let blue = 0;
		for (let i = 0; i < data.length; i += 3) if (data[i]! < 60 && data[i + 2]! > 180) blue++;
		if (given.length > 0) expect(blue).toBeGreaterThan(10);
		else expect(blue).toBe(0);
	});
});
