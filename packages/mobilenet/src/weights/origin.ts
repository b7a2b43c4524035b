/** Where a model comes from and what may be done with it: carried by the model, whatever becomes of it. */
import type { Model } from "./model.ts";

/** What is known of a model beside its file. */
export interface Origin {
	/** An SPDX identifier. */
	readonly license?: string | undefined;
	/** Who made it and from what, a sentence. */
	readonly origin?: string | undefined;
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
