/** Times runs of a network one by one. Also runs in a page. */

export interface Timed {
	/** The outputs of one run on each input, [inputs, batch, classes]. */
	readonly output: () => Promise<readonly number[]>;
	/** Milliseconds of each of a number of runs on the first input. */
	readonly block: (runs: number) => Promise<readonly number[]>;
}

/** @param run the runtime's usual call, including reading the output */
export function timed<Input>(
	inputs: readonly Input[],
	run: (input: Input) => ArrayLike<number> | Promise<ArrayLike<number>>,
): Timed {
	const first = inputs[0]!;
	return {
		output: async () => {
			const outputs: number[] = [];
			for (const input of inputs) outputs.push(...Array.from(await run(input)));
			// Runs on the first input are timed, and some runtimes keep the last input in their memory.
			await run(first);
			return outputs;
		},
		block: async (runs) => {
			const times: number[] = [];
			for (let i = 0; i < runs; i++) {
				const start = performance.now();
				const result = run(first);
				if (result instanceof Promise) await result;
				times.push(performance.now() - start);
			}
			return times;
		},
	};
}
