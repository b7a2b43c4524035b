/** How far something long has come, in one shape wherever it is told. */
export interface Progress<Source extends string = string> {
	/** What is done so far: bytes of a file, pictures, layers. */
	readonly loaded: number;
	/** How much there is in all; undefined while nobody knows. */
	readonly total: number | undefined;
	/** What it is about: the address that is read, the stage of the work, the picture. */
	readonly source: Source;
}

/**
 * Called as work goes on.
 *
 * @example
 * await MobileNet.load("https://example.org/model.tflite", {
 *   onProgress: ({ loaded, total, source }) => console.log(source, loaded, total),
 * });
 */
export type OnProgress<Source extends string = string> = (progress: Progress<Source>) => void;
