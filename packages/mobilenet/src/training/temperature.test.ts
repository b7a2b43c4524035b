import { expect, it } from "vitest";
import { temperatureOf } from "./temperature.ts";

it("makes answers as sure as they are right", () => {
	// Always the logits 4 and 0, three of four times right: sigmoid(4 / T) is 3/4 where T = 4 / log 3.
	const logits = Float64Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? 4 : 0));
	expect(temperatureOf(logits, Int32Array.of(0, 0, 0, 1), 2)).toBeCloseTo(4 / Math.log(3), 2);
	// A wrong answer that counts three times as much: right as often as wrong.
	expect(temperatureOf(logits, Int32Array.of(0, 0, 0, 1), 2, Float32Array.of(1, 1, 1, 0.5))).toBeCloseTo(
		4 / Math.log(6),
		2,
	);
});

it("asks for no certainty where a few answers are all right, and none where all are wrong", () => {
	const logits = Float64Array.of(1, 0, 1, 0);
	expect(temperatureOf(logits, Int32Array.of(0, 0), 2)).toBeCloseTo(0.5, 2);
	expect(temperatureOf(logits, Int32Array.of(1, 1), 2)).toBeCloseTo(4, 1);
	expect(temperatureOf(new Float64Array(0), new Int32Array(0), 2)).toBe(1);
});
