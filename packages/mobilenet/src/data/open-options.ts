/** Options of `openDataset`. */
export interface OpenOptions {
	/** Whether to ignore classes: accepts a plain folder of pictures, and no picture has a label. Default: false. */
	readonly unlabeled?: boolean | undefined;
	/** Whether to accept pictures of a single class, as for evaluation. Default: false. */
	readonly oneClass?: boolean | undefined;
	/** Called with a sentence for everything that is skipped or unusual. */
	readonly onNote?: ((note: string) => void) | undefined;
	readonly signal?: AbortSignal | undefined;
}
