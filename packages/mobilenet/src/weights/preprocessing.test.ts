import { expect, test } from "vitest";
import { usualPreprocessing } from "./model.ts";
import { preprocessingFault } from "./preprocessing.ts";

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
