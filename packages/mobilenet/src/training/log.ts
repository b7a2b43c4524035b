/** The log of a run, one JSON object per line, and the run's curves. */
import { type CurvePoint, curvesSvg } from "../evaluation/curves.ts";
import type { EpochReport, TrainingEvent } from "./events.ts";

/** At most this many lines of steps per epoch, to keep a long run's log small. */
const linesPerEpoch = 20;

/**
 * An event as a line of the log, with its line break; undefined for an event that the log leaves out. Epochs have the
 * fields that `parseCurves` reads: `epoch`, `loss`, `validationLoss`, `top1`; the fields of steps have other names. A
 * resumed run appends, so a step or an epoch may appear twice: the later line counts.
 *
 * @param time when it happened
 */
export function logLine(event: TrainingEvent, time: Date): string | undefined {
	const entry = entryOf(event);
	return entry && `${JSON.stringify({ time: time.toISOString(), kind: event.kind, ...entry })}\n`;
}

function entryOf(event: TrainingEvent): object | undefined {
	switch (event.kind) {
		case "step": {
			const { step, steps, epochs, loss, learningRate, gradientNorm } = event;
			const every = Math.max(1, Math.ceil(steps / epochs / linesPerEpoch));
			if (step % every !== 0) return undefined;
			return { step, steps, stepLoss: loss, learningRate, gradientNorm };
		}
		case "epoch": {
			const { kind: _, validation, ...rest } = event;
			return { ...rest, ...flat(validation) };
		}
		case "checkpoint":
			return { afterEpoch: event.epoch, afterStep: event.step, folder: event.folder };
		case "note":
			return { message: event.message };
		case "done": {
			const { reason, best, history, step, transfer } = event;
			return {
				reason,
				epochs: history.length,
				steps: step,
				bestEpoch: best?.epoch,
				best: flat(best?.validation),
				...(transfer && { transfer }),
			};
		}
	}
}

function flat(validation: EpochReport["validation"]) {
	return (
		validation && {
			validationLoss: validation.loss,
			top1: validation.top1,
			validationPictures: validation.pictures,
		}
	);
}

/** The curves of a run's epochs as an SVG file; the history of a resumed run has all of its epochs. */
export function runCurves(history: readonly EpochReport[]): string {
	return curvesSvg(
		history.map(
			({ epoch, loss, validation }): CurvePoint => ({
				epoch,
				loss,
				validationLoss: validation?.loss,
				top1: validation?.top1,
			}),
		),
	);
}
