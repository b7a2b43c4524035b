/**
 * The progress of a training run. On a terminal: one line that is overwritten again and again, with a bar, images per
 * second, the time left, the loss and the validation top-1. Everywhere: one line for each epoch.
 */
import type { EpochReport, TrainingEvent } from "../training/index.ts";
import { percent } from "./table.ts";
import { duration, type Terminal } from "./terminal.ts";

/** What the line shows. */
export interface ProgressState {
	/** Steps done, and in total. */
	readonly step: number;
	readonly steps: number;
	readonly epoch: number;
	readonly epochs: number;
	readonly loss: number;
	/** The last epoch's, 0 to 1. */
	readonly top1?: number | undefined;
	readonly imagesPerSecond: number;
	/** Until the last epoch is done; unknown at first. */
	readonly secondsLeft?: number | undefined;
}

const barWidth = { least: 8, most: 30 } as const;
/** The terminal is not updated more often than this, in milliseconds. */
const everyMilliseconds = 100;
/** Weight of a new value in the moving average, which makes the trend readable. */
const smoothing = 0.1;

/**
 * The progress line, no longer than the terminal's width.
 *
 * @example
 * progressLine({ step: 5, steps: 10, epoch: 1, epochs: 2, loss: 1.25, imagesPerSecond: 120, secondsLeft: 65 }, 80)
 * // "epoch 1/2 ███████████████░░░░░░░░░░░░░░░ 50 %  120 images/s  1:05 left  loss 1.250"
 */
export function progressLine(state: ProgressState, columns: number): string {
	const { step, steps, epoch, epochs, loss, top1, imagesPerSecond, secondsLeft } = state;
	const before = `epoch ${epoch}/${epochs} `;
	const after = [
		` ${Math.floor((100 * step) / steps)} %`,
		`${rate(imagesPerSecond)} images/s`,
		...(secondsLeft === undefined ? [] : [`${duration(secondsLeft)} left`]),
		`loss ${loss.toFixed(3)}`,
		...(top1 === undefined ? [] : [`top-1 ${percent(top1, 1)}`]),
	].join("  ");
	// One column stays free: some terminals wrap the line at the last one.
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
					`validation loss ${validation.loss.toFixed(3)}, top-1 ${percent(validation.top1, 1)}${best ? " (best so far)" : ""}`,
				]
			: []),
		`${rate(imagesPerSecond)} images/s`,
		duration(seconds),
	].join(", ");
}

/** Makes the function that shows a run's events as they arrive. */
export function progressOn(
	terminal: Terminal,
	now: () => number = () => performance.now(),
): (event: TrainingEvent) => void {
	let last = Number.NEGATIVE_INFINITY;
	let started: { readonly time: number; readonly step: number } | undefined;
	/** When the previous step ended. */
	let before = now();
	let speed = 0;
	let loss: number | undefined;
	let top1: number | undefined;

	return (event) => {
		switch (event.kind) {
			case "note":
				return terminal.line(event.message);
			case "epoch":
				top1 = event.validation?.top1;
				terminal.line(epochLine(event));
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
				if (!terminal.isLive || time - last < everyMilliseconds) return;
				last = time;
				const each = (time - started.time) / (event.step - started.step);
				const secondsLeft = (each * (event.steps - event.step)) / 1000;
				terminal.status(
					progressLine({ ...event, loss, top1, imagesPerSecond: speed, secondsLeft }, terminal.columns()),
				);
				return;
			}
			case "checkpoint":
				before = now();
				return;
			case "done":
				return terminal.clear();
		}
	};
}

function rate(imagesPerSecond: number): string {
	return imagesPerSecond < 10 ? imagesPerSecond.toFixed(1) : String(Math.round(imagesPerSecond));
}
