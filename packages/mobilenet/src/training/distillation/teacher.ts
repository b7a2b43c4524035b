/**
 * What a student learns from: for every picture, a row of numbers from another network. This is all that the trainer knows
 * of a teacher. The numbers come from running the teacher on the student's own crop (teacher-network.ts) or from answers
 * that were kept (teacher-cache.ts).
 *
 * Source: Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network"; Howard and others 2017,
 * section 4.6 (attributes of faces) and 4.7 (FaceNet's embeddings).
 */
import type { Filter, Fit } from "../../weights/model.ts";

export interface Teacher {
	/**
	 * The kind of targets: probabilities of the data's classes at `temperature`, for the cross entropy of distillation; or
	 * pooled features, for the squared difference.
	 */
	readonly kind: "probabilities" | "embedding";
	/** Numbers per picture: the data's classes, or the teacher's channels. */
	readonly outputs: number;
	/** Divides its logits, and must divide the student's; 1 for an embedding. */
	readonly temperature: number;
	/**
	 * The view in which it must see the student's crops: an entry of `batches`' `views`. Undefined if it has kept its answers
	 * by the pictures' numbers and needs no pixels.
	 */
	readonly view?: TeacherView | undefined;
	/**
	 * Writes the targets of a batch: `outputs` numbers for each picture, `pitch` numbers apart. Numbers between rows stay
	 * unchanged.
	 *
	 * @throws MobileNetError `usage` if pixels are missing, or if it has no answer to a picture
	 */
	readonly targets: (batch: TeacherBatch, into: Float32Array, pitch: number) => void;
	/** Frees its memory and threads. */
	readonly dispose: () => void;
}

/**
 * What a teacher sees of each picture: `whole`, the whole picture and its mirror image, once, whatever crops the student
 * sees; a number of crops, which the student sees in turn; or `live`, every crop that the student sees.
 */
export type Views = "whole" | "live" | number;

/** What a student learned. */
export interface Lesson {
	readonly learns: Teacher["kind"];
	readonly views: Views;
	/** Absent for an embedding. */
	readonly temperature?: number;
	/** The teacher's weight in the loss, above 0 and at most 1. Absent for an embedding, which has no other loss. */
	readonly weight?: number;
}

/** How a picture is shown to a teacher. */
export interface TeacherView {
	readonly size: number;
	readonly channels: number;
	readonly filter: Filter;
	readonly fit: Fit;
}

/** Pictures for a teacher to answer: a batch of data/batches.ts, or a part of one. */
export interface TeacherBatch {
	/** Number of pictures. */
	readonly count: number;
	/** Their numbers in the data set. */
	readonly indices: Int32Array;
	/** If the teacher has a view: [count, size, size, channels] bytes. */
	readonly pixels?: Uint8Array | undefined;
	/** Number of the pictures' augmentation that the student sees, if there are only a few. Default: 0. */
	readonly view?: number | undefined;
}

/**
 * Softmax of logits divided by a temperature: the higher it is, the more the targets say about the less probable classes.
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
