/** What a person says of a network where its file does not, as the command line spells it. */
import type { LoadOptions } from "../../index.ts";
import { quoted, usageError } from "../errors.ts";

type Given = NonNullable<LoadOptions["configuration"]>;

const numbers = ["leakySlope", "epsilon", "dropout"];
/** Written out: the list that the package checks by would load the package. */
const fields = Object.keys({
	padding: true,
	lastBlock: true,
	activation: true,
	leakySlope: true,
	epsilon: true,
	dropout: true,
	output: true,
} satisfies Record<keyof Given, true>);

/**
 * `lastBlock=stride1,activation=relu`. Which values a field can have, the package checks.
 *
 * @throws MobileNetError `usage`
 * @example
 * parseGiven("lastBlock=stride1") // { lastBlock: "stride1" }
 */
export function parseGiven(text: string): Given {
	const given: Record<string, string | number> = {};
	for (const part of text.split(",")) {
		const [field = "", value = "", ...more] = part.split("=").map((word) => word.trim());
		const isNumber = numbers.includes(field);
		if (
			!fields.includes(field) ||
			value === "" ||
			more.length > 0 ||
			(isNumber && Number.isNaN(Number(value)))
		)
			throw usageError(
				`the configuration must be such as lastBlock=stride1,activation=relu (${fields.join(", ")}), not ${quoted(text)}.`,
			);
		given[field] = isNumber ? Number(value) : value;
	}
	return given as Given;
}
