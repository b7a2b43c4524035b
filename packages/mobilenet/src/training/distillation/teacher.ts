/**
 * What a student learns from: for every picture a row of numbers that another network gives it. The trainer knows no
 * more of a teacher than this. Where the numbers come from (the teacher run on the student's own crop, or its answers
 * kept from before) is teacher-network.ts and teacher-cache.ts.
 *
 * Source: Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network"; Howard and others 2017,
 * section 4.6 (attributes of faces) and 4.7 (FaceNet's embeddings).
 */
import type { Filter, Fit } from "../../weights/model.ts";

export interface Teacher {
	/**
	 * What its targets are: probabilities of the data's classes at `temperature`, for the cross entropy of distillation;
	 * or its pooled features, for the squared difference.
	 */
	readonly kind: "probabilities" | "embedding";
	/** Numbers a picture: the data's classes, or the teacher's channels. */
	readonly outputs: number;
	/** What its logits are divided by, as the student's must be; 1 for an embedding. */
	readonly temperature: number;
	/**
	 * The view that it must be shown of what the student sees: an entry of `batches`' `views`. None: it knows its answers
	 * by the pictures' numbers and takes no pixels.
	 */
	readonly view?: TeacherView;
	/**
	 * Writes the targets of a batch: `outputs` numbers for each picture, `pitch` numbers apart. What lies between rows is
	 * left as it was.
	 *
	 * @throws MobileNetError `usage` where pixels are missing, or a picture whose answers are not known
	 */
	readonly targets: (batch: TeacherBatch, into: Float32Array, pitch: number) => void;
	/** Lets go of its memory and threads. */
	readonly dispose: () => void;
}

/**
 * What a teacher is shown of each picture: the whole of it, as it is and mirrored, once, whatever crops the student sees;
 * that many crops, which the student sees in turn; or, `live`, every crop that the student sees.
 */
export type Views = "whole" | "live" | number;

/** What a student learned. */
export interface Lesson {
	readonly learns: Teacher["kind"];
	readonly views: Views;
	/** Absent for an embedding. */
	readonly temperature?: number;
	/** The teacher's share in the loss, above 0 to 1. Absent for an embedding, which is all of it. */
	readonly weight?: number;
}

/** How a picture is shown to a teacher. */
export interface TeacherView {
	readonly size: number;
	readonly channels: number;
	readonly filter: Filter;
	readonly fit: Fit;
}

/** What a teacher is asked about; a batch of data/batches.ts, or a part of one. */
export interface TeacherBatch {
	/** Pictures. */
	readonly count: number;
	/** Their numbers in the data set. */
	readonly indices: Int32Array;
	/** Where it has a view: [count, size, size, channels] bytes. */
	readonly pixels?: Uint8Array;
	/** Which augmentation of the pictures the student sees, where it is one of a few. */
	readonly view?: number;
}

/**
 * Softmax of logits divided by a temperature: the higher, the more a teacher tells about the classes that it did not
 * choose.
 *
 * @param logits [rows, classes]
 * @param into [rows, pitch]; `classes` numbers of each row are written
 * @example
 * softTargets(Float32Array.of(0, Math.log(9)), 2, new Float32Array(2), { classes: 2 }) // 0.25, 0.75
 */
export function softTargets(
	logits: Float32Array,
	temperature: number,
	into: Float32Array,
	{ classes, pitch = classes }: { readonly classes: number; readonly pitch?: number },
): Float32Array {
	const rows = logits.length / classes;
	for (let row = 0; row < rows; row++) {
		let largest = Number.NEGATIVE_INFINITY;
		for (let c = 0; c < classes; c++) largest = Math.max(largest, logits[row * classes + c]!);
		let sum = 0;
		for (let c = 0; c < classes; c++) sum += Math.exp((logits[row * classes + c]! - largest) / temperature);
		for (let c = 0; c < classes; c++)
			into[row * pitch + c] = Math.exp((logits[row * classes + c]! - largest) / temperature) / sum;
	}
	return into;
}
