/**
 * An evaluation as one HTML file for people: numbers, learning curves, pictures of mistakes, which classes are confused,
 * calibration, and every class. It has no script and loads nothing, so it can be opened from a disk and sent to others.
 * Names of classes and files may hold anything and are escaped; a policy in the page forbids scripts all the same.
 */
import { chartStyle, escaped } from "./chart.ts";
import { confusionChart, mistakenPairs, mostRows, rowsOf } from "./confusion-chart.ts";
import { type CurvePoint, curvesChart } from "./curves.ts";
import type { EvaluatedClass, Evaluation, Mistake } from "./evaluate.ts";
import { reliabilityChart } from "./reliability-chart.ts";

export interface ReportOptions {
	/** What was evaluated, and on what. */
	readonly model?: string | undefined;
	readonly data?: string | undefined;
	/** Learning curves of the training. */
	readonly curves?: readonly CurvePoint[] | undefined;
	/** Pictures of the mistakes as `data:` URLs, by their numbers in the data set: `thumbnailsOf` makes them. */
	readonly images?: ReadonlyMap<number, string> | undefined;
}

/** Classes in the first table, worst first; the others are folded away. */
const mostClasses = 20;
const mostPairs = 20;
const mostUnreadable = 100;

const style = `
:root { color-scheme: light dark; --text: #1f2328; --quiet: #59636e; --paper: #ffffff; --line: #d1d9e0; --accent: #0969da; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --quiet: #9198a1; --paper: #0d1117; --line: #3d444d; --accent: #58a6ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 60rem; background: var(--paper); color: var(--text); font: 1rem/1.55 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 0.25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 0.5rem; }
p { max-width: 42rem; margin: 0.5rem 0; }
.quiet, figcaption, caption { color: var(--quiet); }
dl { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; margin: 1.75rem 0 0; }
dt { color: var(--quiet); font-size: 0.875rem; }
dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: 0.25rem; }
th, td { text-align: left; padding: 0.3rem 1.25rem 0.3rem 0; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th { font-weight: 600; }
.number { text-align: right; white-space: nowrap; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 1.5rem 1.25rem; padding: 0; margin: 1rem 0; list-style: none; }
figure { margin: 0; }
figure img { display: block; width: 100%; height: 10rem; object-fit: contain; background: color-mix(in srgb, var(--line) 35%, transparent); }
figcaption { font-size: 0.85rem; line-height: 1.4; margin-top: 0.4rem; overflow-wrap: anywhere; }
figcaption b { color: var(--text); font-weight: 600; }
details { margin-top: 1rem; }
summary { cursor: pointer; color: var(--accent); }
@media print { body { max-width: none; padding: 0; } figure, svg { break-inside: avoid; } }
`.trim();

/**
 * The report as the text of an HTML file.
 *
 * @example
 * const images = await thumbnailsOf(dataset, evaluation.mistakes.map(({ picture }) => picture));
 * await writeFile("report.html", reportHtml(evaluation, { model: "model.safetensors", images }));
 */
export function reportHtml(evaluation: Evaluation, options: ReportOptions = {}): string {
	const { model, data, curves = [], images = new Map() } = options;
	const title = `Evaluation${model === undefined ? "" : ` of ${model}`}`;
	return [
		"<!doctype html>",
		'<html lang="en">',
		"<head>",
		'<meta charset="utf-8">',
		'<meta name="viewport" content="width=device-width, initial-scale=1">',
		`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`,
		`<title>${escaped(title)}</title>`,
		`<style>\n${style}\n${chartStyle}\n</style>`,
		"</head>",
		"<body>",
		"<main>",
		`<h1>${escaped(title)}</h1>`,
		data === undefined ? "" : `<p class="quiet">on ${escaped(data)}</p>`,
		numbers(evaluation),
		...evaluation.notes.map((note) => `<p>${escaped(sentence(note))}</p>`),
		...(curves.length > 0 ? section("Learning curves", scrolling(curvesChart(curves))) : []),
		...section("Worst mistakes", mistakesOf(evaluation.mistakes, images)),
		...section("Confusion", confusion(evaluation)),
		...section("Calibration", calibration(evaluation)),
		...section("Classes", classes(evaluation)),
		...(evaluation.unreadable.length > 0 ? section("Unreadable pictures", unreadable(evaluation)) : []),
		"</main>",
		"</body>",
		"</html>",
		"",
	]
		.filter((line, i, all) => line !== "" || i === all.length - 1)
		.join("\n");
}

function section(heading: string, content: string): readonly string[] {
	return ["<section>", `<h2>${heading}</h2>`, content, "</section>"];
}

function numbers(evaluation: Evaluation): string {
	const { pictures, top1, top5, topK, sure, loss, ece, mean, picturesPerSecond } = evaluation;
	const facts: readonly (readonly [string, string])[] = [
		["Top-1", percent(top1)],
		["Top-5", percent(top5)],
		...(topK ? [[`Top-${topK.k}`, percent(topK.share)] as const] : []),
		...(sure
			? ([
					["Sure", percent(sure.share)],
					["Top-1 of the sure", sure.top1 === null ? "–" : percent(sure.top1)],
				] as const)
			: []),
		["Mean recall", percent(mean.recall)],
		["Mean precision", percent(mean.precision)],
		["Loss", loss.toFixed(3)],
		["Calibration error", percent(ece)],
		["Pictures", pictures.toLocaleString("en-US")],
		["Pictures a second", picturesPerSecond.toFixed(1)],
	];
	return `<dl>${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join("")}</dl>`;
}

function mistakesOf(mistakes: readonly Mistake[], images: ReadonlyMap<number, string>): string {
	if (mistakes.length === 0) return "<p>There are none.</p>";
	const items = mistakes.map(({ picture, name, truth, predictions }) => {
		const best = predictions[0]!;
		const image = images.get(picture);
		const others = predictions
			.slice(1)
			.filter(({ index }) => index !== truth.index)
			.slice(0, 2)
			.map(({ label, probability }) => `${escaped(label)} ${percent(probability)}`);
		return [
			"<li><figure>",
			image === undefined
				? ""
				: `<img src="${escaped(image)}" alt="${escaped(`A picture of the class ${truth.label}, taken for ${best.label}`)}">`,
			`<figcaption><b>${escaped(best.label)} ${percent(best.probability)}</b><br>is ${escaped(truth.label)} ${percent(truth.probability)}`,
			others.length > 0 ? `<br>then ${others.join(", ")}` : "",
			`<br><span title="${escaped(name)}">${escaped(tail(name))}</span></figcaption></figure></li>`,
		].join("");
	});
	return `<p>The wrong answers with the highest confidence.</p>\n<ul class="pictures">\n${items.join("\n")}\n</ul>`;
}

/** A file and its folder, which often is its class. */
function tail(name: string): string {
	return name.split(/[/\\]/).slice(-2).join("/");
}

function confusion(evaluation: Evaluation): string {
	const pairs = mistakenPairs(evaluation, mostPairs);
	const map = rowsOf(evaluation).length <= mostRows;
	const rows = pairs.map(({ truth, predicted, pictures, share }) => [
		escaped(truth),
		escaped(predicted),
		String(pictures),
		percent(share),
	]);
	return [
		map
			? `<p>A row is a class, a column an answer; the diagonal is right.</p>\n${scrolling(confusionChart(evaluation))}`
			: "",
		rows.length > 0
			? table("Most often mistaken", ["class", "taken for", "pictures", "of the class"], 2, rows)
			: "<p>No class is taken for another.</p>",
	].join("\n");
}

function calibration(evaluation: Evaluation): string {
	return [
		`<p>Where bars reach the dashed line, the network is right as often as it is sure. Over all pictures the two are ${percent(evaluation.ece)} apart (expected calibration error, ${evaluation.reliability.length} bins).</p>`,
		scrolling(reliabilityChart(evaluation)),
	].join("\n");
}

function classes(evaluation: Evaluation): string {
	const share = (value: number | null): string => (value === null ? "–" : percent(value));
	const row = ({ label, support, precision, recall, f1 }: EvaluatedClass): readonly string[] => [
		escaped(label),
		String(support),
		share(precision),
		share(recall),
		percent(f1),
	];
	const titles = ["class", "pictures", "precision", "recall", "F1"];
	const rows = [...rowsOf(evaluation)].sort((a, b) => a.f1 - b.f1).map(row);
	const first = table("The worst first", titles, 1, rows.slice(0, mostClasses));
	const rest = rows.slice(mostClasses);
	return rest.length === 0
		? first
		: `${first}\n<details><summary>The other ${rest.length}</summary>\n${table("", titles, 1, rest)}\n</details>`;
}

function unreadable({ unreadable }: Evaluation): string {
	const items = unreadable
		.slice(0, mostUnreadable)
		.map(({ name, error }) => `<li>${escaped(error.includes(name) ? error : `${name}: ${error}`)}</li>`);
	const rest = unreadable.length - items.length;
	return `<p>They are not counted in any figure.</p>\n<ul>\n${items.join("\n")}\n</ul>${rest > 0 ? `\n<p>And ${rest} more.</p>` : ""}`;
}

/** @param rows of cells that are HTML; from column `numbers` on they are numbers */
function table(
	caption: string,
	titles: readonly string[],
	numbers: number,
	rows: readonly (readonly string[])[],
): string {
	const kind = (i: number): string => (i >= numbers ? ' class="number"' : "");
	const head = titles.map((title, i) => `<th scope="col"${kind(i)}>${title}</th>`).join("");
	const body = rows.map((row) => `<tr>${row.map((cell, i) => `<td${kind(i)}>${cell}</td>`).join("")}</tr>`);
	return scrolling(
		`<table>${caption === "" ? "" : `<caption>${caption}</caption>`}<thead><tr>${head}</tr></thead><tbody>\n${body.join("\n")}\n</tbody></table>`,
	);
}

/** What is wider than the window moves by itself; with a tabindex, by the keyboard too. */
function scrolling(content: string): string {
	return `<div class="scroll" tabindex="0">${content}</div>`;
}

function percent(share: number): string {
	return `${(100 * share).toFixed(1)}\u{a0}%`;
}

function sentence(note: string): string {
	return note.charAt(0).toUpperCase() + note.slice(1);
}
