/**
 * The interface of a network in training: a plan of forward, loss, backward and update, placed in memory. The plan
 * determines what is computed; the trainer decides when, and on which data.
 */
import type { Build } from "../kernels/walker.ts";
import type { Model } from "../weights/model.ts";
import type { Tensor } from "../weights/tensor.ts";

/** What a training plan is made for. None of it changes from step to step. */
export interface TrainingPlanOptions {
	readonly build: Build;
	/** The most threads; results do not depend on it. */
	readonly threads: number;
	/** The most pictures per run (a micro-batch). */
	readonly batch: number;
	/**
	 * The first layer that learns. Layers before it are frozen: batch norm in evaluation mode, no gradients. `stem` trains all
	 * layers, `classifier` only the head.
	 */
	readonly from: string;
	/** Whether batch norm of the layers that learn uses running statistics instead of the batch's. */
	readonly frozenNorm: boolean;
	readonly optimizer: "sgd" | "rmsprop" | "adamw";
	/** Whether a moving average of the weights is kept. */
	readonly average: boolean;
	readonly loss: LossKinds;
	/** Whether weight decay also applies to depthwise filters, batch norm and biases. */
	readonly decayAll: boolean;
	/** Whether to compute the gradient of the input, for tests only. Default: false. */
	readonly inputGradient?: boolean | undefined;
}

/** The losses that a plan computes; each forward run weights them. */
export interface LossKinds {
	/** Against `targets`. */
	readonly crossEntropy: boolean;
	/** Against `softTargets`, probabilities at the temperature. */
	readonly distillation: boolean;
	/** Against `softTargets`, embeddings. */
	readonly squaredError: boolean;
}

/** Settings of a forward run. */
export interface LossSettings {
	/** Pictures of the whole step, if it consists of micro-batches. Default: those of the run. */
	readonly total?: number | undefined;
	/** Factor of the cross entropy against `targets`. */
	readonly hardWeight: number;
	/** Factor of the loss against `softTargets`. */
	readonly softWeight: number;
	/** Divides the logits of distillation, whose loss is multiplied by the square of it. */
	readonly temperature: number;
	/** Weight of this run in batch norm's running statistics. Default: the configuration's momentum. */
	readonly normMomentum?: number | undefined;
	/** Determines which features are dropped: a whole number from 0 to 2^32 − 1. */
	readonly dropoutSeed: number;
}

/** Settings of an update; an optimizer ignores those that it does not have. */
export interface UpdateSettings {
	readonly learningRate: number;
	readonly weightDecay: number;
	/** For SGD and RMSprop. */
	readonly momentum: number;
	/** For SGD. */
	readonly nesterov: boolean;
	/** Weight of the past in RMSprop's mean square. */
	readonly decay: number;
	/** Weights of the past in AdamW's mean and mean square. */
	readonly beta1: number;
	readonly beta2: number;
	/** For RMSprop (inside the root) and AdamW (outside). */
	readonly epsilon: number;
	/** Number of the update, from 1. */
	readonly step: number;
	/** Gradients are first multiplied by this, for clipping. */
	readonly gradientFactor: number;
	/** Weight of the new weights in the moving average, if there is one. */
	readonly averageShare: number;
}

/** A training plan in memory. A step allocates nothing. */
export interface TrainingExecutor {
	/** The input as bytes, [batch, size, size, channels]. */
	readonly pixels: Uint8Array;
	/** The input as normalized floats, of the same shape. */
	readonly floats: Float32Array;
	/**
	 * Targets of the cross entropy, [batch, targetPitch]: probabilities of the classes. A row need not add up to 1: one
	 * that adds up to w weights its picture by w, since the loss is −Σ tᵢ·log pᵢ and its gradient (Σ t)·p − t. A picture
	 * without a class has zeros.
	 */
	readonly targets: Float32Array;
	/** Targets of distillation (probabilities at the temperature) or of the squared error, [batch, targetPitch]. */
	readonly softTargets: Float32Array;
	/** Floats from one picture to the next in both. */
	readonly targetPitch: number;
	/** Runs forward and loss, and returns the mean of the weighted losses of the first `pictures` pictures. */
	forward(input: "bytes" | "floats", pictures: number, settings: LossSettings): number;
	/** Adds the last forward run's gradients to the step's. */
	backward(): void;
	/** Global norm of the gradients so far. */
	gradientNorm(): number;
	/** Updates the weights and clears the gradients. */
	update(settings: UpdateSettings): void;
	/** Logits of a picture in the last forward run, [classes]. */
	logits(picture: number): Float32Array;
	/** The first layer whose statistics are not finite, if there is one. */
	firstNotFinite(): string | undefined;
	/** The current model or its moving average: canonical tensors in float32 with batch norm. */
	model(which: "weights" | "average"): Model;
	/** Everything besides the model that the next step depends on, by name, for a checkpoint. */
	state(): ReadonlyMap<string, Tensor>;
	/** Restores both, bit for bit. */
	restore(model: Model, state: ReadonlyMap<string, Tensor>): void;
	/** Gradient of a tensor in its canonical layout, for tests. */
	gradient(name: string): Float32Array;
	/** Size of the memory in bytes. */
	readonly bytes: number;
	/** Number of threads that work now. */
	threads(): number;
	dispose(): void;
}
