/** The times of a session as a table and as JSON rows. */
import type { Options } from "./options.ts";
import type { Job } from "./protocol.ts";
import type { Row } from "./rows.ts";
import { oursInChromium } from "./runtimes/table.ts";
import type { Measured } from "./session.ts";
import { table } from "./table.ts";

export function timesTable(measured: readonly Measured[]): string {
	return table([
		["", "version", "minimum ms", "median ms", "p90 ms", "runs", "host"],
		...measured.map(({ row, ready, times }) => [
			labelOf(row, ready),
			ready.version ?? row.version,
			...[times.minimum, times.median, times.p90].map(milliseconds),
			String(times.runs),
			ready.host,
		]),
	]);
}

/** Times of ours over those of each peer: below 1, ours is faster. Undefined if there is nothing to compare. */
export function ratiosTable(measured: readonly Measured[]): string | undefined {
	const all = measured.filter(({ row }) => row.name === "mobilenet" && !row.checkout);
	const peers = measured.filter(({ row }) => row.name !== "mobilenet");
	const ours = all.filter(({ row }) => row.label === undefined);
	/** In a session in integers: the same build in float32. */
	const inFloat = ours.map(({ row, ready }) =>
		all.find(
			(other) =>
				other.row.label !== undefined &&
				other.row.program === row.program &&
				other.ready.build === ready.build,
		),
	);
	if (ours.length === 0 || all.length + peers.length === ours.length) return undefined;
	return table([
		["ours / peer (minima, medians)", ...ours.map(({ row, ready }) => buildOf(row, ready.build!))],
		...peers.map((peer) => [peer.row.name, ...ours.map((own) => ratios(own, peer))]),
		...(inFloat.some(Boolean)
			? [["ours in fp32", ...ours.map((own, i) => (inFloat[i] ? ratios(own, inFloat[i]) : ""))]]
			: []),
	]);
}

function ratios(ours: Measured, other: Measured): string {
	return [ours.times.minimum / other.times.minimum, ours.times.median / other.times.median]
		.map((ratio) => ratio.toFixed(2))
		.join("  ");
}

export function jsonRows(
	measured: readonly Measured[],
	{ batch }: Options,
	{ size }: Job,
	alpha: number,
): readonly object[] {
	return measured.map(({ row, ready, times }) => ({
		runtime: row.name,
		...(row.checkout ? { checkout: row.checkout.commit } : {}),
		version: ready.version ?? row.version,
		alpha,
		size,
		precision: row.precision,
		batch,
		threads: row.threads,
		simd: ready.build ?? null,
		host: ready.host,
		minMs: times.minimum,
		medianMs: times.median,
	}));
}

export function milliseconds(value: number): string {
	return value.toPrecision(value < 1 ? 3 : 4);
}

export function labelOf(row: Row, { build }: { readonly build?: string | undefined }): string {
	return [
		row.name,
		...(build === undefined ? [] : [buildOf(row, build)]),
		...(row.label ? [row.label] : []),
		...(row.checkout ? [row.checkout.commit] : []),
	].join(" ");
}

/** The build of ours, and where it runs unless in Node. */
function buildOf({ program }: Row, build: string): string {
	return program === oursInChromium ? `${build} in Chromium` : build;
}
