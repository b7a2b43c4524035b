/** How many threads a network is run on. */
import { canShare, cores } from "#threads";
import { MobileNetError, shown } from "../base/error.ts";
import { mostThreads } from "../kernels/operations.ts";
import type { Configuration } from "../network/configuration.ts";
import { cost } from "../network/cost.ts";

/** Mult-adds that are worth a thread: a millisecond or so of one core. Less is lost in waiting for each other. */
const multAddsEach = 60e6;
/** As many as are taken unasked: other work wants cores too. */
const mostUnasked = 8;

/**
 * The threads for a network: what is asked for, where memory can be shared; else what machine and network are good for.
 *
 * @throws MobileNetError `usage` where what is asked for is no number of threads
 */
export function threadsFor(configuration: Configuration, asked: number | undefined): number {
	checkThreads(asked);
	if (!canShare()) return 1;
	const worth = Math.max(1, Math.floor(cost(configuration).multAdds / multAddsEach));
	return asked ?? Math.min(cores(), mostUnasked, worth);
}

/** The threads for training, which always has enough to do for all of a machine's. */
export function trainingThreads(asked: number | undefined): number {
	checkThreads(asked);
	return canShare() ? (asked ?? Math.min(cores(), mostUnasked)) : 1;
}

function checkThreads(asked: number | undefined): void {
	if (asked !== undefined && !(Number.isInteger(asked) && asked >= 1 && asked <= mostThreads))
		throw new MobileNetError(
			"usage",
			`threads must be a whole number from 1 to ${mostThreads}, not ${shown(asked)}.`,
		);
}
