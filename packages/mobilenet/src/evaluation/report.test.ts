import { describe, expect, it } from "vitest";
import type { Evaluation } from "./evaluate.ts";
import { createTally } from "./metrics.ts";
import { reportHtml } from "./report.ts";

const hostile = `<script>alert("1")</script>'&\u202e`;
const shownHostile = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;\u{fffd}";

/** An evaluation of pictures whose answers are known. */
function evaluationOf(
	classes: number,
	pictures: readonly (readonly [truth: number, answer: number])[],
	label: (index: number) => string = (index) => `class ${index}`,
): Evaluation {
	const tally = createTally(classes);
	for (const [truth, answer] of pictures) {
		const row = new Float32Array(classes).fill(0.4 / (classes - 1));
		row[answer] = 0.6;
		tally.add(truth, row);
	}
	const metrics = tally.metrics();
	return {
		...metrics,
		classes: metrics.classes.map((one) => ({ ...one, label: label(one.index) })),
		mistakes: pictures.flatMap(([truth, answer], picture) =>
			truth === answer
				? []
				: [
						{
							picture,
							name: `photos/${label(truth)}/${picture}.jpg`,
							truth: { label: label(truth), index: truth, probability: 0.1 },
							predictions: [{ label: label(answer), index: answer, probability: 0.6 }],
						},
					],
		),
		unreadable: [],
		notes: [],
		seconds: 1,
		picturesPerSecond: pictures.length,
	};
}
const few = evaluationOf(3, [
	[0, 0],
	[0, 1],
	[1, 1],
	[2, 2],
	[2, 0],
	[2, 0],
]);

/** Elements are closed in the order in which they were opened. */
function unbalanced(html: string): string | undefined {
	const open: string[] = [];
	const alone = /^(meta|img|br|!doctype)$/i;
	for (const [, slash, name, rest] of html.matchAll(
		/<(\/?)([a-z!][a-z0-9]*)\b((?:"[^"]*"|'[^']*'|[^>"'])*)>/gi,
	)) {
		if (alone.test(name!) || rest!.endsWith("/")) continue;
		if (!slash) open.push(name!);
		else if (open.pop() !== name) return name;
	}
	return open[0];
}

describe("a report", () => {
	it("is one file that loads nothing and runs nothing", () => {
		const html = reportHtml(few, {
			model: "model.safetensors",
			data: "photos/",
			curves: [
				{ epoch: 1, loss: 2, validationLoss: 2, top1: 0.1 },
				{ epoch: 2, loss: 1, validationLoss: 1.5, top1: 0.4 },
			],
			images: new Map([[1, "data:image/png;base64,AAAA"]]),
		});
		expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
		expect(html).toContain("<title>Evaluation of model.safetensors</title>");
		expect(html).not.toMatch(/<script|<link|@import|url\(|\son[a-z]+=/i);
		expect(html.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:|\/\//);
		expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`);
		expect(html).toContain("prefers-color-scheme: dark");
		expect(unbalanced(html)).toBeUndefined();
		for (const heading of ["Learning curves", "Worst mistakes", "Confusion", "Calibration", "Classes"])
			expect(html).toContain(`<h2>${heading}</h2>`);
		expect(html).not.toContain("<h2>Unreadable pictures</h2>");
		expect(html).not.toMatch(/NaN|undefined|Infinity/);
	});

	it("has the numbers, the pictures of mistakes, and the classes, worst first", () => {
		const html = reportHtml(few, { images: new Map([[1, "data:image/png;base64,AAAA"]]) });
		expect(html).toContain("<dt>Top-1</dt><dd>50.0\u{a0}%</dd>");
		expect(html).toContain("<dt>Pictures</dt><dd>6</dd>");
		expect([...html.matchAll(/<figure>/g)]).toHaveLength(3);
		expect([...html.matchAll(/<img /g)]).toHaveLength(1);
		expect(html).toContain(
			'<img src="data:image/png;base64,AAAA" alt="A picture of the class class 0, taken for class 1"',
		);
		// F1: 2·1/(2+3), 2·1/(1+2), 2·1/(3+1).
		const rows = [
			...html.matchAll(/<tr><td>(class \d)<\/td><td class="number">\d<\/td>.*?([\d.]+)\u{a0}%<\/td><\/tr>/gu),
		];
		expect(rows.map(([, label, f1]) => [label, f1])).toEqual([
			["class 0", "40.0"],
			["class 2", "50.0"],
			["class 1", "66.7"],
		]);
		// The pair most often mistaken, and its share of the class's three pictures.
		expect(html).toContain(
			'<tr><td>class 2</td><td>class 0</td><td class="number">2</td><td class="number">66.7\u{a0}%</td></tr>',
		);
	});

	it("shows the confusion of few classes as a map, with the other answers in a column", () => {
		const html = reportHtml(
			evaluationOf(5, [
				[0, 0],
				[0, 4],
				[1, 1],
			]),
		);
		const titles = [...html.matchAll(/<g><title>(.*?)<\/title>/g)].map(([, title]) => title);
		expect(titles).toEqual([
			"class 0 → class 0: 1 of 2",
			"class 0 → class 1: 0 of 2",
			"class 0 → other classes: 1 of 2",
			"class 1 → class 0: 0 of 1",
			"class 1 → class 1: 1 of 1",
			"class 1 → other classes: 0 of 1",
		]);
		expect(html).not.toContain("class 4 →");
	});

	it("shows that of many classes as pairs alone, and folds most of the classes away", () => {
		const html = reportHtml(
			evaluationOf(
				60,
				Array.from({ length: 60 }, (_, i) => [i, (i + 1) % 60] as const),
			),
		);
		expect(html).not.toContain('id="confusion-title"');
		expect(html).toContain("<caption>Most often mistaken</caption>");
		expect(html).toContain("<summary>The other 40</summary>");
		expect(unbalanced(html)).toBeUndefined();
	});

	it("is good where there are no mistakes, and where there is one picture", () => {
		const html = reportHtml(evaluationOf(2, [[0, 0]]));
		expect(html).toContain("<p>There are none.</p>");
		expect(html).toContain("<p>No class is taken for another.</p>");
		expect(unbalanced(html)).toBeUndefined();
		expect(html).not.toMatch(/NaN|undefined|Infinity/);
	});

	it("escapes names, which may hold anything", () => {
		const evaluation = {
			...evaluationOf(
				3,
				[
					[0, 1],
					[1, 1],
					[2, 2],
				],
				() => hostile,
			),
			unreadable: [{ picture: 9, name: hostile, error: hostile }],
			notes: [hostile],
		};
		const html = reportHtml(evaluation, {
			model: hostile,
			data: hostile,
			images: new Map([[0, `data:image/png;base64,"><script>`]]),
		});
		expect(html).not.toMatch(/<script/i);
		expect(html).not.toContain("\u202e");
		expect(html).toContain(`<h1>Evaluation of ${shownHostile}</h1>`);
		expect(html).toContain(`<td>${shownHostile}</td>`);
		expect(html).toContain(`<li>${shownHostile}</li>`);
		expect(unbalanced(html)).toBeUndefined();
	});

	it("names pictures that could not be read, but not thousands of them", () => {
		const unreadable = Array.from({ length: 1234 }, (_, picture) => ({
			picture,
			name: `${picture}.jpg`,
			error: `${picture}.jpg cannot be decoded.`,
		}));
		const html = reportHtml({ ...few, unreadable });
		expect(html).toContain("<li>0.jpg cannot be decoded.</li>");
		expect(html).toContain("<p>And 1134 more.</p>");
	});
});
