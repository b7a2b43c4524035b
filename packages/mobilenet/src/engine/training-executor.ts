/**
 * A network that learns, as the training room sees it: a plan of forward, loss, backward and update laid in memory. What
 * it computes is the plan's; when it does so, and on what, is the trainer's.
 */
import type { Build } from "../kernels/walker.ts";
import type { Model, Tensor } from "../weights/model.ts";

/** What a training plan is made for; none of it changes from step to step. */
export interface TrainingPlanOptions {
	readonly build: Build;
	/** The most threads that work; results do not depend on it. */
	readonly threads: number;
	/** The most pictures of a run (a micro-batch). */
	readonly batch: number;
	/**
	 * First layer that learns: all before it are frozen (batch norm in evaluation mode, no gradients); `stem` for all,
	 * `classifier` for the head alone.
	 */
	readonly from: string;
	/** Whether batch norm of the layers that learn takes running statistics in the place of the batch's. */
	readonly frozenNorm: boolean;
	readonly optimizer: "sgd" | "rmsprop" | "adamw";
	/** Whether a moving average of the weights is kept. */
	readonly average: boolean;
	readonly loss: LossKinds;
	/** Whether depthwise filters, batch norm and biases decay too (never, unless asked). */
	readonly decayAll: boolean;
	/** Whether the gradient of the input is computed: for tests only. */
	readonly inputGradient?: boolean;
}

/** The losses that a plan computes; a step weighs them. */
export interface LossKinds {
	/** Against `targets`. */
	readonly crossEntropy: boolean;
	/** Against `softTargets`, probabilities at the temperature. */
	readonly distillation: boolean;
	/** Against `softTargets`, embeddings. */
	readonly squaredError: boolean;
}

/** What a forward run is told. */
export interface LossSettings {
	/** Pictures of the whole step, when it is made of micro-batches; those of the run if not given. */
	readonly total?: number;
	/** Factor of the cross entropy against `targets`. */
	readonly hardWeight: number;
	/** Factor of the loss against `softTargets`. */
	readonly softWeight: number;
	/** Divides the logits of distillation, whose loss is multiplied by its square. */
	readonly temperature: number;
	/** Share of this run in the running statistics of batch norm; the configuration's momentum if not given. */
	readonly normMomentum?: number;
	/** Which features are dropped; a whole number from 0 to 2^32 − 1. */
	readonly dropoutSeed: number;
}

/** What an update is told; an optimizer takes what it has. */
export interface UpdateSettings {
	readonly learningRate: number;
	readonly weightDecay: number;
	/** Of SGD and RMSprop. */
	readonly momentum: number;
	/** Of SGD. */
	readonly nesterov: boolean;
	/** Share of the past in RMSprop's mean square. */
	readonly decay: number;
	/** Shares of the past in AdamW's mean and mean square. */
	readonly beta1: number;
	readonly beta2: number;
	/** Of RMSprop (inside the root) and AdamW (outside). */
	readonly epsilon: number;
	/** From 1. */
	readonly step: number;
	/** Gradients are multiplied by it first: clipping. */
	readonly gradientFactor: number;
	/** Share of the new weights in the moving average, where one is kept. */
	readonly averageShare: number;
}

/** A training plan in memory. Nothing that runs in a step allocates. */
export interface TrainingExecutor {
	/** Pictures to come, bytes [batch, size, size, channels]. */
	readonly pixels: Uint8Array;
	/** The same place as normalized floats. */
	readonly floats: Float32Array;
	/**
	 * Targets of the cross entropy, [batch, targetPitch]: probabilities of the classes. A row need not add up to 1: one
	 * that adds up to w weighs its picture w times, for the loss is −Σ tᵢ·log pᵢ and its gradient (Σ t)·p − t; a picture
	 * without a class has zeros.
	 */
	readonly targets: Float32Array;
	/** Targets of distillation (probabilities at the temperature) or of the squared error, [batch, targetPitch]. */
	readonly softTargets: Float32Array;
	/** Floats from picture to picture in both. */
	readonly targetPitch: number;
	/** Forward and loss: the mean of the weighted losses of `pictures` pictures. */
	forward(input: "bytes" | "floats", pictures: number, settings: LossSettings): number;
	/** Adds the last forward run's gradients to the step's. */
	backward(): void;
	/** Global norm of the gradients so far. */
	gradientNorm(): number;
	/** Changes the weights and clears the gradients. */
	update(settings: UpdateSettings): void;
	/** Logits of a picture of the last forward run, [classes]. */
	logits(picture: number): Float32Array;
	/** First layer whose statistics are not finite, if there is one. */
	firstNotFinite(): string | undefined;
	/** The model as it stands, or its moving average: canonical tensors in float32 with batch norm. */
	model(which: "weights" | "average"): Model;
	/** Everything that the next step depends on besides the model, by name, to be written into a checkpoint. */
	state(): ReadonlyMap<string, Tensor>;
	/** Takes both back, bit for bit. */
	restore(model: Model, state: ReadonlyMap<string, Tensor>): void;
	/** Gradient of a tensor in its canonical layout: for tests. */
	gradient(name: string): Float32Array;
	/** The bytes that the memory takes. */
	readonly bytes: number;
	/** Threads that work now. */
	threads(): number;
	dispose(): void;
}
