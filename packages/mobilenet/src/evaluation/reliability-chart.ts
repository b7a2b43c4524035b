/** Whether a network is as sure as it is right: the share of right answers by confidence, and how often it is how sure. */
import { type Area, chart, escaped, horizontalAxis, rounded, scale, verticalAxis } from "./chart.ts";
import type { Metrics } from "./metrics.ts";

const [width, height] = [420, 440];
const bars: Area = { left: 52, top: 30, right: 404, bottom: 282 };
const counts: Area = { left: 52, top: 312, right: 404, bottom: 392 };

export function reliabilityChart({
	reliability,
	ece,
	pictures,
}: Pick<Metrics, "reliability" | "ece" | "pictures">): string {
	const x = scale([0, 1], [bars.left, bars.right]);
	const y = scale([0, 1], [bars.bottom, bars.top]);
	const most = Math.max(...reliability.map((bin) => bin.pictures / pictures));
	const share = scale([0, most], [counts.bottom, counts.top]);
	const bar = (from: number, to: number, top: number, bottom: number, title: string): string =>
		`<rect class="bar" x="${rounded(x.at(from) + 0.5)}" y="${rounded(top)}" width="${rounded(x.at(to) - x.at(from) - 1)}" height="${rounded(bottom - top)}" fill-opacity="0.75"><title>${escaped(title)}</title></rect>`;
	return chart(
		{
			id: "reliability",
			width,
			height,
			title: "Calibration",
			description: `Share of right answers by confidence; on the diagonal the network is as sure as it is right. The expected calibration error is ${percent(ece)}. Below, the share of pictures by confidence.`,
		},
		[
			`<text class="heading" x="${bars.left}" y="16">Right answers</text>`,
			verticalAxis(y, bars, percent),
			...reliability.map(({ from, to, pictures: count, confidence, accuracy }) =>
				accuracy === null
					? ""
					: bar(
							from,
							to,
							y.at(accuracy),
							bars.bottom,
							`${count} pictures of mean confidence ${percent(confidence ?? 0)}: ${percent(accuracy)} right`,
						),
			),
			`<path class="ideal" d="M${bars.left},${bars.bottom}L${bars.right},${bars.top}"/>`,
			`<path class="grid" d="M${bars.left},${bars.bottom}H${bars.right}"/>`,
			`<text class="heading" x="${counts.left}" y="${counts.top - 10}">Pictures</text>`,
			verticalAxis(share, counts, percent, 2),
			...reliability.map(({ from, to, pictures: count }) =>
				count === 0
					? ""
					: bar(from, to, share.at(count / pictures), counts.bottom, `${count} pictures of ${pictures}`),
			),
			horizontalAxis(x, counts, percent, "confidence", [0, 0.2, 0.4, 0.6, 0.8, 1]),
		],
	);
}

function percent(part: number): string {
	return `${Number((100 * part).toFixed(1))} %`;
}
