/** Times runs of a network one by one. Also runs in a page. */

export interface Timed {
	/** The output of one run, [batch, classes]. */
	readonly output: () => Promise<readonly number[]>;
	/** Milliseconds of each of so many runs. */
	readonly block: (runs: number) => Promise<readonly number[]>;
}

/** @param run the runtime's usual call, with its output read; a promise is waited for */
export function timed(run: () => ArrayLike<number> | Promise<ArrayLike<number>>): Timed {
	return {
		output: async () => Array.from(await run()),
		block: async (runs) => {
			const times: number[] = [];
			for (let i = 0; i < runs; i++) {
				const start = performance.now();
				const result = run();
				if (result instanceof Promise) await result;
				times.push(performance.now() - start);
			}
			return times;
		},
	};
}
