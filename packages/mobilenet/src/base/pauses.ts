/** Long work that lets other work be done now and then: a page stays alive, a server answers, a signal can come. */

/** How long work goes on without a pause, in milliseconds. */
export const mostBusy = 30;

/**
 * Makes the function that long work calls between its parts.
 *
 * @param signal the work ends with its reason
 * @returns a function that pauses where the last pause is long ago, and says whether it did
 * @example
 * const pause = pauses(signal);
 * for (const picture of pictures) {
 *   look(picture);
 *   await pause();
 * }
 */
export function pauses(signal?: AbortSignal): () => Promise<boolean> {
	// The shortest pause that there is: browsers have timers alone.
	const { setImmediate: soon = setTimeout } = globalThis as { setImmediate?: (run: () => void) => unknown };
	let last = performance.now();
	return async () => {
		signal?.throwIfAborted();
		if (performance.now() - last < mostBusy) return false;
		await new Promise<void>((resolve) => soon(resolve));
		last = performance.now();
		signal?.throwIfAborted();
		return true;
	};
}
