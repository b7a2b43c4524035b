/** Statistics of times. The minimum shows what the machine can do, the median what it does beside other work. */

export interface Statistics {
	readonly minimum: number;
	readonly median: number;
	/** Nine out of ten runs took no longer. */
	readonly p90: number;
	readonly worst: number;
	readonly runs: number;
}

export function statisticsOf(values: readonly number[]): Statistics {
	const sorted = values.toSorted((a, b) => a - b);
	const quantile = (share: number): number => {
		const position = share * (sorted.length - 1);
		const [below, above] = [sorted[Math.floor(position)]!, sorted[Math.ceil(position)]!];
		return below + (above - below) * (position - Math.floor(position));
	};
	return {
		minimum: sorted[0]!,
		median: quantile(0.5),
		p90: quantile(0.9),
		worst: sorted.at(-1)!,
		runs: sorted.length,
	};
}
