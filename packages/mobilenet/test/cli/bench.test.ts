/** `mobilenet bench`, in the shortest possible way: what it prints, not how fast. */
import { expect, it } from "vitest";
import { mobilenet } from "../support/cli.ts";
import { describeWithShared, shared } from "../support/shared.ts";

const network = "weights/mobilenet_v1_0.25_128_quant.tflite";

describeWithShared("mobilenet bench", [network], () => {
	const command = ["bench", "--model", shared(network), "--seconds", "0.1", "--threads", "1"];

	it("prints a table to people", async () => {
		const { exitCode, stdout } = await mobilenet([...command, "--profile"]);
		expect(exitCode).toBe(0);
		expect(stdout).toMatch(/^build +threads +batch +runs +min ms +median ms +p90 ms +pictures\/s\n/);
		expect(stdout).toMatch(/\nstem +int8StemBytes +\d+\.\d{3} +\d+\.\d +\d+ %\n/);
		expect(stdout).toMatch(/\ntotal +\d+\.\d{3} +\d+\.\d +\d+ %\n$/);
	});

	it("prints JSON to machines", async () => {
		const { stdout } = await mobilenet([...command, "--json", "--profile", "--batch", "2"]);
		const bench = JSON.parse(stdout) as {
			batch: number;
			min: number;
			median: number;
			steps: { min: number }[];
		};
		expect(bench).toMatchObject({ batch: 2, threads: 1, alpha: 0.25, size: 128 });
		expect(bench.min).toBeGreaterThan(0);
		expect(bench.median).toBeGreaterThanOrEqual(bench.min);
		expect(bench.steps.length).toBeGreaterThan(10);
	});

	it("refuses no time at all", async () => {
		const { exitCode, stderr } = await mobilenet([...command.slice(0, 3), "--seconds", "0"]);
		expect(stderr).toMatch(/seconds must be a number above 0/);
		expect(exitCode).toBe(2);
	});
});
