import { expect, it } from "vitest";
import { parseGiven } from "./given.ts";

it.each([
	["lastBlock=stride1", { lastBlock: "stride1" }],
	["activation=leakyRelu, leakySlope=0.1", { activation: "leakyRelu", leakySlope: 0.1 }],
	["epsilon=1e-5,padding=same", { epsilon: 1e-5, padding: "same" }],
])("%s", (text, given) => {
	expect(parseGiven(text)).toEqual(given);
});

it.each(["", "lastBlock", "lastBlock=", "alpha=1", "epsilon=small", "output=logits=2", "=1"])(
	"not %j",
	(text) => {
		expect(() => parseGiven(text)).toThrow(
			/^the configuration must be such as lastBlock=stride1,activation=relu/,
		);
	},
);
