/** Where a model comes from and what may be done with it: carried by the model, whatever becomes of it. */
import type { Model, Source } from "./model.ts";

/** What is known of a model beside its file. */
export interface Origin {
	/** An SPDX identifier. */
	readonly license?: string | undefined;
	/** Who made it and from what, a sentence. */
	readonly origin?: string | undefined;
}

const trainedHere = "Trained with mobilenet";

/**
 * The source of a network that learned from where another one was: its origin says so once, and the license goes along.
 *
 * @example
 * trainedFrom({ ...source, origin: "Trained by Google." }).origin // "Trained with mobilenet from: Trained by Google."
 */
export function trainedFrom(source: Source): Source {
	const { origin } = source;
	if (origin === undefined || origin.startsWith(trainedHere)) return source;
	return { ...source, origin: `${trainedHere} from: ${origin}` };
}

/**
 * The source of a network that learned from another's answers: its origin names the teacher's, whose license goes along where
 * the network has none.
 */
export function taughtBy(source: Source, { license = source.license, origin }: Origin): Source {
	const { origin: own = trainedHere } = trainedFrom(source);
	return {
		...source,
		...(license !== undefined && { license: source.license ?? license }),
		...(origin !== undefined && { origin: `${own} by the answers of: ${origin}` }),
	};
}

/**
 * A model with its license and origin; what its file itself says of them is kept.
 *
 * @example
 * withOrigin(model, { license: "Apache-2.0", origin: "Trained by Google on ImageNet." })
 */
export function withOrigin(model: Model, { license, origin }: Origin): Model {
	const { source } = model;
	const own = { license: source.license ?? license, origin: source.origin ?? origin };
	return {
		...model,
		source: {
			...source,
			...(own.license !== undefined && { license: own.license }),
			...(own.origin !== undefined && { origin: own.origin }),
		},
	};
}
