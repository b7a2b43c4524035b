/** How weights are had by name. */
export interface WeightOptions {
	/**
	 * The hub in the place of https://huggingface.co: a mirror. Default: in Node what HF_ENDPOINT says.
	 */
	readonly endpoint?: string | undefined;
	/** For repositories of the hub that ask for one; it goes to the endpoint alone. Default: in Node what HF_TOKEN says. */
	readonly token?: string | undefined;
	/** Whether only what is here already is taken. Default: in Node whether HF_HUB_OFFLINE is 1. */
	readonly offline?: boolean | undefined;
}
