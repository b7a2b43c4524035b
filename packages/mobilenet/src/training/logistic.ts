/**
 * Multinomial logistic regression with squared weights as penalty, to its optimum: the loss is convex, so that there
 * is one, and where to stop is a bound on what is left to gain, not a count of epochs. L-BFGS: the curvature is learned
 * from the last few gradients; the same numbers come out wherever it runs.
 *
 * Source: Nocedal and Wright 2006, "Numerical Optimization", algorithms 7.4 and 7.5.
 */
import { checkExamples, type Examples, type Loss, type LossOf, logisticLoss } from "./logistic-loss.ts";

export interface LogisticOptions {
	/** Above 0: the penalty is strength / 2 · ‖W‖², beside the mean of the losses. scikit-learn's C is 1 / (rows · strength). */
	readonly strength: number;
	/** Parameters to start from, [classes, features + 1]; 0 if not given. They are not changed. */
	readonly start?: Float64Array;
	/** How far above the least loss it may end, in nats; 1e-8 if not given. */
	readonly tolerance?: number;
	/** How the loss is computed; by logistic-loss.ts if not given. */
	readonly lossOf?: LossOf;
}

export interface LogisticFit {
	/** [classes, features + 1]: the weights of a class, then its bias. */
	readonly parameters: Float64Array;
	/** With the penalty. */
	readonly loss: number;
	/** Times that the loss was computed. */
	readonly evaluations: number;
}

const usualTolerance = 1e-8;
/** Steps that the curvature is learned from. */
const memory = 12;
/** Gradients of float64 do not get smaller than rounding; long before this many something is wrong. */
const mostEvaluations = 3000;
/** A step is long enough if the loss falls by this share of what the slope promises. */
const sufficient = 1e-4;

/**
 * The weights and biases of the least loss.
 *
 * @throws MobileNetError `usage` where vectors, labels and classes do not fit each other, or a number is not finite
 * @example
 * fitLogistic({ vectors, labels, features: 1024, classes: 5 }, { strength: 0.001 }).parameters
 */
export function fitLogistic(examples: Examples, options: LogisticOptions): LogisticFit {
	checkExamples(examples);
	const { strength, tolerance = usualTolerance, start, lossOf = logisticLoss } = options;
	const loss = lossOf(examples, strength);
	// The loss is strongly convex in the weights: it is at most ‖gradient‖² / (2 · strength) above the least.
	return minimize(loss, start ?? new Float64Array(loss.size), Math.sqrt(2 * strength * tolerance));
}

/** Goes downhill from `start` until the gradient is no longer than `shortest`. */
function minimize({ size, at }: Loss, start: Float64Array, shortest: number): LogisticFit {
	let point = start.slice();
	let gradient = new Float64Array(size);
	let loss = at(point, gradient);
	let evaluations = 1;
	let next = new Float64Array(size);
	let nextGradient = new Float64Array(size);
	const steps: Step[] = [];
	const direction = new Float64Array(size);
	while (Math.sqrt(dot(gradient, gradient)) > shortest && evaluations < mostEvaluations) {
		newtonDirection(gradient, steps, direction);
		const slope = dot(gradient, direction);
		let length = 1;
		let reached = Number.NaN;
		for (; length > 1e-6; ) {
			for (let i = 0; i < size; i++) next[i] = point[i]! + length * direction[i]!;
			reached = at(next, nextGradient);
			evaluations++;
			if (reached <= loss + sufficient * length * slope) break;
			// The lowest point of the parabola through what is known.
			const lowest = (-slope * length * length) / (2 * (reached - loss - slope * length));
			length = Math.min(Math.max(lowest, 0.1 * length), 0.5 * length) || 0.1 * length;
		}
		// Rounding leaves nothing to gain.
		if (!(reached < loss)) break;
		const step = stepOf(
			point,
			next,
			gradient,
			nextGradient,
			steps.length < memory ? undefined : steps.shift(),
		);
		if (step) steps.push(step);
		[point, next] = [next, point];
		[gradient, nextGradient] = [nextGradient, gradient];
		loss = reached;
	}
	return { parameters: point, loss, evaluations };
}

/** A step that was taken, how the gradient changed over it, and 1 / (their product). */
interface Step {
	readonly moved: Float64Array;
	readonly turned: Float64Array;
	readonly inverse: number;
}

function stepOf(
	from: Float64Array,
	to: Float64Array,
	gradient: Float64Array,
	nextGradient: Float64Array,
	old: Step | undefined,
): Step | undefined {
	const { moved, turned } = old ?? { moved: from.slice(), turned: from.slice() };
	for (let i = 0; i < from.length; i++) {
		moved[i] = to[i]! - from[i]!;
		turned[i] = nextGradient[i]! - gradient[i]!;
	}
	const product = dot(moved, turned);
	return product > 0 ? { moved, turned, inverse: 1 / product } : undefined;
}

/** −(approximate inverse of the Hessian) · gradient, by the recursion over the steps. */
function newtonDirection(gradient: Float64Array, steps: readonly Step[], direction: Float64Array): void {
	for (let i = 0; i < gradient.length; i++) direction[i] = -gradient[i]!;
	const shares: number[] = [];
	for (const { moved, turned, inverse } of steps.toReversed()) {
		const share = inverse * dot(moved, direction);
		shares.push(share);
		add(direction, -share, turned);
	}
	const last = steps.at(-1);
	if (last) {
		const scale = 1 / (last.inverse * dot(last.turned, last.turned));
		for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
	}
	for (const { moved, turned, inverse } of steps)
		add(direction, shares.pop()! - inverse * dot(turned, direction), moved);
}

function dot(a: Float64Array, b: Float64Array): number {
	let [s0, s1] = [0, 0];
	const even = a.length & ~1;
	for (let i = 0; i < even; i += 2) {
		s0 += a[i]! * b[i]!;
		s1 += a[i + 1]! * b[i + 1]!;
	}
	return even < a.length ? s0 + s1 + a[even]! * b[even]! : s0 + s1;
}

function add(to: Float64Array, factor: number, values: Float64Array): void {
	for (let i = 0; i < to.length; i++) to[i]! += factor * values[i]!;
}
