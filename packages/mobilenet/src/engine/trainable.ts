/** Which networks can be trained: all run, but some have no backward steps yet. */
import { MobileNetError } from "../base/error.ts";
import type { Configuration } from "../network/configuration.ts";

type Ending = Pick<Configuration, "pooling" | "headLayers" | "output" | "binary">;

/**
 * Fails for a network whose last picture, head or output cannot be trained yet.
 *
 * @throws MobileNetError `unsupported` that says what to do
 * @example
 * checkTrainable(configure({ pooling: "max" })) // fails
 */
export function checkTrainable({ pooling, headLayers, output, binary }: Ending): void {
	const [what, instead] =
		pooling !== "average"
			? [
					"a network that does not average its last picture",
					"train a new classifier alone, without fine-tuning",
				]
			: headLayers.length > 0
				? ["a network with dense layers before its classifier", newClassifier]
				: output === "sigmoid" || binary
					? ["a network whose outputs are sigmoids", newClassifier]
					: [];
	if (what !== undefined)
		throw new MobileNetError("unsupported", `${what} runs, but cannot be trained yet: ${instead}.`);
}

const newClassifier = "give it a new classifier first (transfer, or train --from on the command line)";
