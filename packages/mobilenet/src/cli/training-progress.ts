/**
 * A run as a person sees it: on a terminal one line that is written over and over, with a bar, images a second, the time
 * that is left, the loss and the validation's top-1; elsewhere a line an epoch. No color, so that NO_COLOR is kept by
 * itself. Everything goes to one stream, which is not the one of results.
 */
import type { EpochReport, TrainingEvent } from "../training/index.ts";

export interface ProgressStream {
	readonly write: (text: string) => unknown;
	readonly isTTY?: boolean | undefined;
	readonly columns?: number | undefined;
}

/** What the line shows. */
export interface ProgressState {
	/** Steps done, and in all. */
	readonly step: number;
	readonly steps: number;
	readonly epoch: number;
	readonly epochs: number;
	readonly loss: number;
	/** The last epoch's, 0 to 1. */
	readonly top1?: number | undefined;
	readonly imagesPerSecond: number;
	/** Until the last epoch is done; unknown at the beginning. */
	readonly secondsLeft?: number | undefined;
}

const usualColumns = 80;
const barWidth = { least: 8, most: 30 } as const;
/** A terminal is not written to more often, in milliseconds. */
const everyMilliseconds = 100;
/** How much of what was seen a new value replaces, so that a glance reads the trend. */
const smoothing = 0.1;

/**
 * The line of a terminal, no longer than its columns.
 *
 * @example
 * progressLine({ step: 5, steps: 10, epoch: 1, epochs: 2, loss: 1.25, imagesPerSecond: 120, secondsLeft: 65 }, 80)
 * // "epoch 1/2 ███████████████░░░░░░░░░░░░░░░ 50 %  120 images/s  1:05 left  loss 1.250"
 */
export function progressLine(state: ProgressState, columns: number = usualColumns): string {
	const { step, steps, epoch, epochs, loss, top1, imagesPerSecond, secondsLeft } = state;
	const before = `epoch ${epoch}/${epochs} `;
	const after = [
		` ${Math.floor((100 * step) / steps)} %`,
		`${rate(imagesPerSecond)} images/s`,
		...(secondsLeft === undefined ? [] : [`${duration(secondsLeft)} left`]),
		`loss ${loss.toFixed(3)}`,
		...(top1 === undefined ? [] : [`top-1 ${percent(top1)}`]),
	].join("  ");
	// One column stays free: some terminals break the line at the last one.
	const room = Math.min(barWidth.most, columns - 1 - before.length - after.length);
	if (room < barWidth.least) return (before + after.trimStart()).slice(0, Math.max(0, columns - 1));
	const done = Math.round((room * step) / steps);
	return `${before}${"█".repeat(done)}${"░".repeat(room - done)}${after}`;
}

/** An epoch as one line of text. */
function epochLine(report: EpochReport & { readonly epochs: number }): string {
	const { epoch, epochs, loss, validation, best, imagesPerSecond, seconds } = report;
	return [
		`epoch ${epoch}/${epochs}: loss ${loss.toFixed(3)}`,
		...(validation
			? [
					`validation loss ${validation.loss.toFixed(3)}, top-1 ${percent(validation.top1)}${best ? " (best so far)" : ""}`,
				]
			: []),
		`${rate(imagesPerSecond)} images/s`,
		duration(seconds),
	].join(", ");
}

/** Shows events as they come. Call it with each; `clear` takes the terminal's line away, so that others can write. */
export function showProgress(
	stream: ProgressStream,
	now: () => number = () => performance.now(),
): { readonly show: (event: TrainingEvent) => void; readonly clear: () => void } {
	const live = stream.isTTY === true;
	let shown = false;
	let last = Number.NEGATIVE_INFINITY;
	let started: { readonly time: number; readonly step: number } | undefined;
	/** When the step before ended, and seconds a picture and a step since. */
	let before = now();
	let speed = 0;
	let loss: number | undefined;
	let top1: number | undefined;

	const clear = (): void => {
		if (shown) stream.write("\r\u001b[K");
		shown = false;
	};
	const line = (text: string): void => {
		clear();
		stream.write(`${text}\n`);
	};
	return {
		clear,
		show: (event) => {
			switch (event.kind) {
				case "note":
					return line(event.message);
				case "epoch":
					top1 = event.validation?.top1;
					line(epochLine(event));
					before = now();
					return;
				case "step": {
					const time = now();
					const seconds = Math.max(1e-6, (time - before) / 1000);
					before = time;
					const mix = (old: number | undefined, value: number) =>
						old === undefined || old === 0 ? value : old + smoothing * (value - old);
					speed = mix(speed, event.pictures / seconds);
					loss = mix(loss, event.loss);
					started ??= { time: time - seconds * 1000, step: event.step - 1 };
					if (!live || time - last < everyMilliseconds) return;
					last = time;
					const each = (time - started.time) / (event.step - started.step);
					stream.write(
						`\r${progressLine({ ...event, loss, top1, imagesPerSecond: speed, secondsLeft: (each * (event.steps - event.step)) / 1000 }, stream.columns || usualColumns)}\u001b[K`,
					);
					shown = true;
					return;
				}
				case "checkpoint":
					before = now();
					return;
				case "done":
					return clear();
			}
		},
	};
}

function rate(imagesPerSecond: number): string {
	return imagesPerSecond < 10 ? imagesPerSecond.toFixed(1) : String(Math.round(imagesPerSecond));
}

function percent(share: number): string {
	return `${(100 * share).toFixed(1)} %`;
}

/** `7 s`, `1:05`, `2:03:20`. */
export function duration(seconds: number): string {
	const whole = Math.round(seconds);
	if (whole < 60) return `${whole} s`;
	const two = (value: number) => String(value).padStart(2, "0");
	const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
	return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
