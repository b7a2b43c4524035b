/** Ten thousand classifications leave memory as it was: nothing is kept of a picture that is done. */
import { expect, it } from "vitest";
import { MobileNet } from "../../src/model/mobilenet.ts";

const classifications = 10_000;
/** Bytes that the garbage collector may leave lying about. */
const slack = 24 * 2 ** 20;

it("keeps memory flat", async () => {
	const model = await MobileNet.create({ alpha: 0.25, size: 32, classes: 10 });
	const picture = { data: new Uint8Array(32 * 32 * 3).fill(7), width: 32, height: 32, channels: 3 };
	const pictures = function* (count: number) {
		for (let i = 0; i < count; i++) yield picture;
	};
	const classify = async (count: number): Promise<number> => {
		let done = 0;
		for await (const row of model.classifyEach(pictures(count))) if ("predictions" in row) done++;
		return done;
	};
	const used = (): number => {
		globalThis.gc!();
		const { heapUsed, external } = process.memoryUsage();
		return heapUsed + external;
	};
	await classify(500);
	const before = used();
	expect(await classify(classifications)).toBe(classifications);
	expect(used() - before).toBeLessThan(slack);
});
