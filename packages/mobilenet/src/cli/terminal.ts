/**
 * Progress on standard error. On a terminal it is one line that is overwritten again and again; in a log or a pipe it
 * is one line at the end. Results never go here. There is no color, so NO_COLOR is always respected.
 */
import type { OnProgress } from "../index.ts";
import type { Output } from "./context.ts";
import { grouped } from "./table.ts";

export interface Terminal {
	/** Whether it is a terminal. */
	readonly isLive: boolean;
	/** Characters that fit in a line; this changes with the window. */
	readonly columns: () => number;
	/** Overwrites the progress line; does nothing unless it is a terminal. */
	readonly status: (text: string) => void;
	/** Removes that line. */
	readonly clear: () => void;
	/** Writes a line that stays. */
	readonly line: (text: string) => void;
	/** Shows progress: `pictures: 12 of 40`. */
	readonly count: OnProgress;
}

/**
 * Shows the bytes of a model as they come from an address; where nobody watches, a line that it is being downloaded.
 *
 * @example
 * await MobileNet.load("imagenet", { onProgress: downloading(process.stderr) });
 */
export function downloading(stream: Output): OnProgress {
	const { isLive, status, clear, line } = terminalOf(stream);
	const told = new Set<string>();
	return ({ loaded, total, source }) => {
		if (!/^https?:/.test(source)) return;
		const name = source.replace(/^.*\//, "");
		if (!isLive) {
			if (!told.has(source))
				line(`downloading ${name}${total === undefined ? "" : ` (${grouped(total)} bytes)`}`);
			told.add(source);
		} else if (loaded === total) clear();
		else status(`${name}: ${grouped(loaded)}${total === undefined ? "" : ` of ${grouped(total)}`} bytes`);
	};
}

const usualColumns = 80;
/** Seconds after which there is something to judge the rest by. */
const soonest = 2;

/** Estimates the seconds that a stage still takes; undefined where nothing is known yet. */
function timeLeft(now: () => number = () => performance.now()) {
	let stage: { readonly source: string; readonly began: number; readonly from: number } | undefined;
	return (source: string, loaded: number, total: number | undefined): number | undefined => {
		if (stage?.source !== source || loaded < stage.from) stage = { source, began: now(), from: loaded };
		const seconds = (now() - stage.began) / 1000;
		const done = loaded - stage.from;
		return total === undefined || done === 0 || seconds < soonest
			? undefined
			: (seconds / done) * (total - loaded);
	};
}

/** `7 s`, `1:05`, `2:03:20`. */
export function duration(seconds: number): string {
	const whole = Math.round(seconds);
	if (whole < 60) return `${whole} s`;
	const two = (value: number) => String(value).padStart(2, "0");
	const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
	return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/**
 * A terminal on a stream.
 *
 * @example
 * const { count } = terminalOf(process.stderr);
 * for (const loaded of [1, 2, 3]) count({ loaded, total: 3, source: "pictures" });
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
	const left = timeLeft();
	return {
		isLive,
		columns: () => stream.columns || usualColumns,
		status,
		clear,
		line,
		count: ({ loaded, total, source }) => {
			const text = `${source}: ${grouped(loaded)}${total === undefined ? "" : ` of ${grouped(total)}`}`;
			const time = left(source, loaded, total);
			if (loaded === total) line(text);
			else status(time === undefined ? text : `${text}, ${duration(time)} left`);
		},
	};
}
