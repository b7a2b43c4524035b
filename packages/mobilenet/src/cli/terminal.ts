/**
 * Standard error as people watch it. On a terminal what counts is one line that is written over again and again;
 * elsewhere, in a log or a pipe, it is a line once it is done. Results never go here. There is no color, so that NO_COLOR
 * is always kept.
 */
import type { Output } from "./context.ts";
import { grouped } from "./table.ts";

export interface Terminal {
	/** Whether somebody watches. */
	readonly isLive: boolean;
	/** Characters that fit in a line, which change with the window. */
	readonly columns: () => number;
	/** Writes over the line that counts, on a terminal only. */
	readonly status: (text: string) => void;
	/** Takes that line away. */
	readonly clear: () => void;
	/** Writes a line that stays. */
	readonly line: (text: string) => void;
	/** How much of something is done: `pictures: 12 of 40`. */
	readonly count: (what: string, done: number, total: number) => void;
}

const usualColumns = 80;

/**
 * The terminal that a stream is, or stands in for.
 *
 * @example
 * const { count } = terminalOf(process.stderr);
 * for (const i of [1, 2, 3]) count("pictures", i, 3);
 */
export function terminalOf(stream: Output): Terminal {
	const isLive = stream.isTTY === true;
	let shown = false;
	const status = (text: string): void => {
		if (!isLive) return;
		stream.write(`\r${text}\u001b[K`);
		shown = true;
	};
	const clear = (): void => {
		if (shown) stream.write("\r\u001b[K");
		shown = false;
	};
	const line = (text: string): void => {
		clear();
		stream.write(`${text}\n`);
	};
	return {
		isLive,
		columns: () => stream.columns || usualColumns,
		status,
		clear,
		line,
		count: (what, done, total) => {
			const text = `${what}: ${grouped(done)} of ${grouped(total)}`;
			if (done === total) line(text);
			else status(text);
		},
	};
}
