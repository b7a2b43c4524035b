import { expect, it } from "vitest";
import { mersenneTwister } from "./mersenne-twister.ts";

it("is the generator of C++, whose 10,000th number after its usual seed the standard gives", () => {
	const next = mersenneTwister(5489);
	expect(next()).toBe(3499211612);
	for (let i = 2; i < 10_000; i++) next();
	// ISO C++ [rand.predef]: the 10000th consecutive invocation of a default-constructed mt19937 gives this.
	expect(next()).toBe(4123659995);
});

it("takes a seed's lower 32 bits", () => {
	expect(mersenneTwister(2 ** 32 + 7)()).toBe(mersenneTwister(7)());
});
