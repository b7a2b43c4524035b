import { expect, it } from "vitest";
import { parseCurves } from "../evaluation/curves.ts";
import type { EpochReport, TrainingEvent } from "./events.ts";
import { logLine, runCurves } from "./log.ts";

const time = new Date("2026-01-02T03:04:05Z");
const report: EpochReport = {
	epoch: 1,
	step: 10,
	loss: 1.5,
	validation: { top1: 0.75, loss: 0.9, pictures: 200 },
	best: true,
	learningRate: 0.1,
	imagesPerSecond: 640,
	seconds: 65,
};
const step = (number: number): TrainingEvent => ({
	kind: "step",
	step: number,
	steps: 400,
	epoch: 1,
	epochs: 4,
	loss: 1,
	learningRate: 0.1,
	pictures: 32,
});

it("is a line of JSON an event, with the fields that the curves are drawn of", () => {
	const lines = [
		logLine({ kind: "note", message: 'a "note"\nof two lines' }, time),
		logLine(step(5), time),
		logLine({ kind: "epoch", epochs: 4, ...report }, time),
		logLine({ kind: "checkpoint", epoch: 1, step: 10, folder: "m.checkpoint" }, time),
	];
	expect(lines.every((line) => line?.indexOf("\n") === line!.length - 1)).toBe(true);
	expect(lines.map((line) => JSON.parse(line!))).toMatchObject([
		{ time: "2026-01-02T03:04:05.000Z", kind: "note", message: 'a "note"\nof two lines' },
		{ kind: "step", step: 5, stepLoss: 1 },
		{ kind: "epoch", epoch: 1, loss: 1.5, validationLoss: 0.9, top1: 0.75, imagesPerSecond: 640 },
		{ kind: "checkpoint", afterEpoch: 1, afterStep: 10 },
	]);
	expect(parseCurves(lines.join(""))).toEqual([{ epoch: 1, loss: 1.5, validationLoss: 0.9, top1: 0.75 }]);
});

it("has twenty steps of an epoch at the most", () => {
	const lines = Array.from({ length: 100 }, (_, i) => logLine(step(i + 1), time)).filter((line) => line);
	expect(lines).toHaveLength(20);
});

it("draws curves of the epochs", () => {
	expect(runCurves([report, { ...report, epoch: 2 }])).toMatch(/^<svg[\s\S]*top-1 75 %/);
});
