/** What `openDataset` is told, beside where the pictures are. */
export interface OpenOptions {
	/** Whether classes are not looked for: a plain folder of pictures will do, and no picture has a label. */
	readonly unlabeled?: boolean | undefined;
	/** Whether pictures of one class only will do, as for evaluation. */
	readonly oneClass?: boolean | undefined;
	/** Learns what was left out and what is unusual, a sentence each. */
	readonly onNote?: ((note: string) => void) | undefined;
	readonly signal?: AbortSignal | undefined;
}
