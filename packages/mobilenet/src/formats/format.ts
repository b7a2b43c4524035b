/** What a format is: a row of table.ts. */
import type { Model } from "../weights/model.ts";
import type { PreprocessingOptions } from "../weights/preprocessing.ts";
import type { Opened } from "./opened.ts";

export interface Format {
	/** As people say it. */
	readonly name: string;
	/** Endings of its files, for finding the model in a folder and for naming one that is written: the first. */
	readonly endings: readonly string[];
	/** Whether an opened file is of this format, broken or not. */
	sniff(opened: Opened): boolean;
	read?(opened: Opened, options: ReadingOptions): Promise<Model>;
	/**
	 * The files that a model becomes, by name: first the one that is called as the options say, then those beside it,
	 * which it names.
	 */
	write?(model: Model, options: WritingOptions): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** What the user of a file says of it. */
export interface ReadingOptions {
	/** What the file's own input takes. */
	readonly preprocessing?: PreprocessingOptions | undefined;
}

/** What a writer is asked for. */
export interface WritingOptions {
	/** Name of the file, without folders. */
	readonly file: string;
	/** Pictures a run, for formats whose files fix it. */
	readonly batch: number;
}
