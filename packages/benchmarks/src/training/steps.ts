/** Times steps of training one by one. */
import type { Timed } from "../runtimes/timed.ts";

/**
 * @param step one whole step: forward, loss, backward, update; gives the loss
 * @param losses how many are made first, for their losses
 */
export function timedSteps(step: () => number | Promise<number>, losses: number): Timed {
	return {
		output: async () => {
			const values: number[] = [];
			for (let i = 0; i < losses; i++) values.push(await step());
			return values;
		},
		block: async (runs) => {
			const times: number[] = [];
			for (let i = 0; i < runs; i++) {
				const start = performance.now();
				const loss = step();
				if (loss instanceof Promise) await loss;
				times.push(performance.now() - start);
			}
			return times;
		},
	};
}
