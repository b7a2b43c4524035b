/** The script of a decoding worker in Node: makes the shares that it receives, one after the other. */
import { parentPort, workerData } from "node:worker_threads";
import type { Places } from "./dataset.ts";
import { placeReader } from "./places.node.ts";
import { type DecodingSetup, errorOf, type Failure, type Share, shareMaker } from "./shares.ts";

const { setup, places } = workerData as { readonly setup: DecodingSetup; readonly places?: Places };
const make = shareMaker(setup);
const reader = places && placeReader(places);

let before: Promise<void> = Promise.resolve();
parentPort!.on("message", (share: Share) => {
	before = before.then(async () => {
		const failures: readonly Failure[] = await make(share, (at) => {
			if (reader) return reader.read(share.indices[at]!, share.names[at]!);
			const given = share.given![at]!;
			if ("message" in given) throw errorOf(given);
			return given;
		});
		parentPort!.postMessage({ batch: share.batch, failures });
	});
});
