import { describe, expect, it } from "vitest";
import { configure } from "../network/configuration.ts";
import { initialize } from "../weights/initialize.ts";
import { bench } from "./bench.ts";

const model = initialize(configure({ alpha: 0.25, size: 64, classes: 4 }), { seed: 1 });

describe("a timed model", () => {
	it("has times that fit each other and the seconds", async () => {
		const start = performance.now();
		const { min, median, p90, runs, batch, threads } = await bench(model, {
			...{ seconds: 0.3, batch: 2, threads: 1 },
		});
		const took = performance.now() - start;
		expect([batch, threads]).toEqual([2, 1]);
		expect(min).toBeGreaterThan(0);
		expect(median).toBeGreaterThanOrEqual(min);
		expect(p90).toBeGreaterThanOrEqual(median);
		// What was timed was run: half of the runs took the median or more.
		expect(took).toBeGreaterThan(Math.max(300, (runs / 2) * median));
	});

	it("leaves its thread to others again and again", async () => {
		// A page would stand still for longer than a person notices.
		const longest = 500;
		let last = performance.now();
		let gap = 0;
		const look = setInterval(() => {
			gap = Math.max(gap, performance.now() - last);
			last = performance.now();
		}, 5);
		const { steps, peakFlops } = await bench(model, { seconds: 1, profile: true, threads: 1 });
		clearInterval(look);
		expect(steps!.length).toBeGreaterThan(10);
		expect(peakFlops).toBeGreaterThan(0);
		expect(gap).toBeLessThan(longest);
		expect(performance.now() - last).toBeLessThan(longest);
	});

	it("stops when it is told to", async () => {
		const start = performance.now();
		const timed = bench(model, { seconds: 3600, signal: AbortSignal.timeout(100) });
		await expect(timed).rejects.toMatchObject({ name: "TimeoutError" });
		expect(performance.now() - start).toBeLessThan(10_000);
	});

	it("takes the options that a model is run with, and refuses what makes no sense", async () => {
		expect((await bench(model, { seconds: 0.01, build: "reference", size: 32 })).build).toBe("reference");
		await expect(bench(model, { seconds: 0 })).rejects.toThrow(/seconds must be a number above 0/);
		await expect(bench(model, { batch: 0 })).rejects.toThrow(/batch must be a whole number/);
		await expect(bench(model, { size: 7 })).rejects.toThrow(/size must be/);
	});
});
