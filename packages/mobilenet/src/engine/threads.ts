/** How many threads run a network. */
import { canShare, cores } from "#threads";
import { MobileNetError, shown } from "../base/error.ts";
import { mostThreads } from "../kernels/operations.ts";
import type { Configuration } from "../network/configuration.ts";
import { cost } from "../network/cost.ts";

/** Mult-adds that justify a thread: about a millisecond on one core. With less, threads mostly wait for each other. */
const multAddsEach = 60e6;
/** The most threads by default, since other work needs cores too. */
const mostUnasked = 8;

/**
 * The threads for a network: as requested, by default what machine and network can use; 1 if memory cannot be shared.
 *
 * @throws MobileNetError `usage` if the requested number is invalid
 */
export function threadsFor(configuration: Configuration, asked: number | undefined): number {
	checkThreads(asked);
	if (!canShare()) return 1;
	const worth = Math.max(1, Math.floor(cost(configuration).multAdds / multAddsEach));
	return asked ?? Math.min(cores(), mostUnasked, worth);
}

/** The threads for training, which has enough work for all of them. */
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
