/** What a person says of a network where its file says nothing: in the place of what a reader had to assume. */
import { MobileNetError, shown } from "../base/error.ts";
import { type Configuration, configure } from "../network/configuration.ts";
import type { Model } from "../weights/model.ts";

/** The conventions that weights alone do not say. */
export type GivenConfiguration = {
	readonly [F in (typeof fields)[number]]?: Configuration[F] | undefined;
};

const fields = ["padding", "lastBlock", "activation", "leakySlope", "epsilon", "dropout", "output"] as const;

/**
 * A model with conventions that its file does not say.
 *
 * @param name how errors call the file
 * @throws MobileNetError `usage` for a field that the file says; `configuration` for a value that cannot be
 * @example
 * withGiven(model, { lastBlock: "stride1" }, "tutorial.pth")
 */
export function withGiven(model: Model, given: GivenConfiguration, name: string): Model {
	const { assumed } = model.source;
	const names = Object.entries(given).flatMap(([field, value]) => (value === undefined ? [] : [field]));
	for (const field of names) {
		const told = field === "leakySlope" ? "activation" : field;
		if (!fields.some((known) => known === field) || !assumed.includes(told))
			throw new MobileNetError(
				"usage",
				`${name}: ${shown(field)} cannot be given: only what its file does not say can be (${assumed.filter((known) => fields.some((own) => own === known)).join(", ") || "nothing of its configuration"}).`,
			);
	}
	const { stemPadding, leakySlope, ...configuration } = model.configuration;
	const activated = given.activation === undefined ? { leakySlope } : {};
	return {
		...model,
		configuration: configure({
			...configuration,
			...activated,
			...(given.padding === undefined && { stemPadding }),
			...given,
		}),
		source: {
			...model.source,
			assumed: assumed.filter((field) => !names.includes(field)),
			notes: [
				...model.source.notes,
				...names.map((field) => `Not from the file: ${field} ${shown(given[field as keyof typeof given])}.`),
			],
		},
	};
}
