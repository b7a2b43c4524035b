import { expect, test } from "vitest";
import { configure } from "../network/configuration.ts";
import { initialize } from "./initialize.ts";
import { type Model, usualPreprocessing } from "./model.ts";
import { preprocessingFault, withPreprocessing } from "./preprocessing.ts";

const usual = usualPreprocessing(3);

test.each([
	usual,
	{ ...usual, fit: { shorterSide: 256 } },
	{ ...usual, fit: { centralFraction: 0.875 } },
	{ ...usual, mean: [0, -1, 300], std: [1e-9, 255, 58.395], channelOrder: "bgr", filter: "nearest" },
])("%j will do", (value) => {
	expect(preprocessingFault(value, 3)).toBeUndefined();
});

test.each([
	[null, "preprocessing must be an object, not null"],
	[[usual], "preprocessing must be an object"],
	[{}, "preprocessing.mean must be 3 numbers, not undefined"],
	[usualPreprocessing(1), "preprocessing.mean must be 3 numbers, not [127.5]"],
	[{ ...usual, mean: [0, 0, Number.NaN] }, "preprocessing.mean must be 3 numbers"],
	[{ ...usual, mean: [0, 0, "0"] }, 'not [0,0,"0"]'],
	[{ ...usual, std: [1, 1, 0] }, "preprocessing.std must be 3 numbers above 0, not [1,1,0]"],
	[{ ...usual, channelOrder: "grb" }, 'preprocessing.channelOrder must be "rgb" or "bgr", not "grb"'],
	[{ ...usual, filter: "lanczos" }, 'not "lanczos"'],
	[{ ...usual, fit: "crop" }, 'not "crop"'],
	[{ ...usual, fit: {} }, "preprocessing.fit must be"],
	[{ ...usual, fit: { shorterSide: 0 } }, 'not {"shorterSide":0}'],
	[{ ...usual, fit: { shorterSide: 256.5 } }, "preprocessing.fit"],
	[{ ...usual, fit: { centralFraction: 1.5 } }, "preprocessing.fit"],
	[{ ...usual, fit: { shorterSide: 256, centralFraction: 0.875 } }, "preprocessing.fit"],
])("%j is refused", (value, message) => {
	expect(preprocessingFault(value, 3)).toContain(message);
});

test("a model takes what is told in the place of what was assumed, and of its own table of pixels", () => {
	const bare = initialize(configure({ alpha: 0.25, size: 32, classes: 2 }));
	const table = { dtype: "I8", shape: [1, 256], data: new Int8Array(256) } as const;
	const model: Model = {
		...bare,
		tensors: new Map([...bare.tensors, ["input.table", table]]),
		source: { ...bare.source, assumed: ["size", "mean", "std", "fit"] },
	};
	const told = withPreprocessing(model, { mean: 0, std: [1, 2, 3] });
	expect(told.preprocessing).toEqual({ ...model.preprocessing, mean: [0, 0, 0], std: [1, 2, 3] });
	expect(told.source.assumed).toEqual(["size", "fit"]);
	expect(told.tensors).toEqual(bare.tensors);
	expect(withPreprocessing(model, { fit: { shorterSide: 256 } }).tensors).toBe(model.tensors);
	expect(() => withPreprocessing(model, { std: -1 })).toThrow(
		"preprocessing.std must be 3 numbers above 0, not [-1,-1,-1].",
	);
});
