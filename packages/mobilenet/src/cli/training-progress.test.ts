import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TrainingEvent } from "../training/index.ts";
import { duration, terminalOf } from "./terminal.ts";
import { progressLine, progressOn } from "./training-progress.ts";

const state = { step: 5, steps: 10, epoch: 1, epochs: 2, loss: 1.25, imagesPerSecond: 120 };
const step = (number: number): TrainingEvent => ({
	kind: "step",
	step: number,
	steps: 10,
	epoch: 1,
	epochs: 1,
	loss: 1,
	learningRate: 0.1,
	pictures: 32,
});
const epoch: TrainingEvent = {
	kind: "epoch",
	epoch: 1,
	epochs: 1,
	step: 10,
	loss: 1.5,
	validation: { top1: 0.755, loss: 0.9, pictures: 200 },
	best: true,
	learningRate: 0.1,
	imagesPerSecond: 640.4,
	seconds: 65,
};

describe("the progress line", () => {
	it("has bar, rate, time left, loss and top-1", () => {
		expect(progressLine({ ...state, top1: 0.5, secondsLeft: 65 }, 100)).toBe(
			"epoch 1/2 ███████████████░░░░░░░░░░░░░░░ 50 %  120 images/s  1:05 left  loss 1.250  top-1 50.0 %",
		);
	});

	it("never is as long as the terminal is wide", () => {
		fc.assert(
			fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 0, max: 10 }), (columns, done) => {
				expect(
					progressLine({ ...state, step: done, top1: 0.5, secondsLeft: 4000 }, columns).length,
				).toBeLessThan(columns);
			}),
		);
	});

	it.each([
		[7.4, "7 s"],
		[59.6, "1:00"],
		[65, "1:05"],
		[3600 + 61, "1:01:01"],
	])("%f seconds are %s", (seconds, text) => {
		expect(duration(seconds)).toBe(text);
	});
});

describe("progress", () => {
	const shown = (events: readonly TrainingEvent[], isTTY: boolean) => {
		let [written, time] = ["", 0];
		const terminal = terminalOf({ write: (text) => (written += text), isTTY, columns: 80 });
		const show = progressOn(terminal, () => (time += 500));
		for (const event of events) show(event);
		return written;
	};

	it("is a line an epoch where nobody watches", () => {
		expect(shown([step(1), { kind: "note", message: "so" }, step(2), epoch], false)).toBe(
			"so\nepoch 1/1: loss 1.500, validation loss 0.900, top-1 75.5 % (best so far), 640 images/s, 1:05\n",
		);
	});

	it("is a line that is written over on a terminal, without colors", () => {
		const written = shown(
			[step(1), step(2), epoch, { kind: "done", reason: "finished", history: [] } as never],
			true,
		);
		// 32 pictures in half a second, and eight more steps of that.
		expect(written).toContain("\repoch 1/1 ");
		expect(written).toContain("64 images/s");
		expect(written).toContain("4 s left");
		expect(written).toContain("\r\u001b[Kepoch 1/1: loss 1.500");
		// Clearing the line is the only thing that is no text.
		expect(written.replaceAll("\r", "").replaceAll("\u001b[K", "")).not.toContain("\u001b");
	});
});
