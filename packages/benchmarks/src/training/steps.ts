/** Times training steps one by one. */
import type { Timed } from "../runtimes/timed.ts";

/**
 * @param step makes one whole step (forward, loss, backward, update) and returns the loss
 * @param losses number of first steps, whose losses are compared
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
