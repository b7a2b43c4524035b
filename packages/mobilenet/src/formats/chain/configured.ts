/** Configurations of what a file holds: what none can have is the file's fault, not its reader's. */
import { MobileNetError } from "../../base/error.ts";
import { type Configuration, type ConfigurationOptions, configure } from "../../network/configuration.ts";
import type { Reading } from "./chain.ts";
import { refuse } from "./units.ts";

/**
 * The configuration, or a refusal of the file with what is wrong with it.
 *
 * @throws MobileNetError `unsupported`
 */
export function configured(
	reading: Pick<Reading, "name">,
	configuration: ConfigurationOptions,
): Configuration {
	try {
		return configure(configuration);
	} catch (error) {
		if (!(error instanceof MobileNetError)) throw error;
		return refuse(reading, `its ${error.message.replace(/\.$/, "")}`, "unsupported");
	}
}
