/**
 * Multinomial logistic regression with a penalty on squared weights, minimized to its optimum. The loss is convex, so there
 * is one optimum, and a bound on what is left to gain decides when to stop. L-BFGS estimates the curvature from the last
 * few gradients; it gives the same numbers on every machine.
 *
 * Source: Nocedal and Wright 2006, "Numerical Optimization", algorithms 7.4 and 7.5.
 */
import { checkExamples, type Examples, type Loss, type LossOf, logisticLoss } from "./logistic-loss.ts";

export interface LogisticOptions {
	/** Above 0. The loss is the mean plus strength / 2 · ‖W‖²; scikit-learn's C is 1 / (rows · strength). */
	readonly strength: number;
	/** Parameters to start from, [classes, features + 1]; they are not changed. Default: 0. */
	readonly start?: Float64Array | undefined;
	/** How far above the least loss it may end, in nats. Default: 1e-8. */
	readonly tolerance?: number;
	/** Computes the loss. Default: `logisticLoss`. */
	readonly lossOf?: LossOf;
}

export interface LogisticFit {
	/** [classes, features + 1]: the weights of a class, then its bias. */
	readonly parameters: Float64Array;
	/** Including the penalty. */
	readonly loss: number;
	/** How often the loss was computed. */
	readonly evaluations: number;
}

const usualTolerance = 1e-8;
/** Steps from which the curvature is estimated. */
const memory = 12;
/** A limit that is never reached unless rounding keeps the gradient from getting small. */
const mostEvaluations = 3000;
/** A step is accepted if the loss falls by this share of what the slope predicts. */
const sufficient = 1e-4;

/**
 * Finds the weights and biases of the least loss.
 *
 * @throws MobileNetError `usage` if vectors, labels and classes do not match, or a number is not finite
 * @example
 * fitLogistic({ vectors, labels, features: 1024, classes: 5 }, { strength: 0.001 }).parameters
 */
export function fitLogistic(examples: Examples, options: LogisticOptions): LogisticFit {
	checkExamples(examples);
	const { strength, tolerance = usualTolerance, start, lossOf = logisticLoss } = options;
	const loss = lossOf(examples, strength);
	// The loss is strongly convex in the weights, so it is at most ‖gradient‖² / (2 · strength) above the least.
	return minimize(loss, start ?? new Float64Array(loss.size), Math.sqrt(2 * strength * tolerance));
}

/** Descends from `start` until the length of the gradient is at most `shortest`. */
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
			// The lowest point of the parabola through the known values and slope.
			const lowest = (-slope * length * length) / (2 * (reached - loss - slope * length));
			length = Math.min(Math.max(lowest, 0.1 * length), 0.5 * length) || 0.1 * length;
		}
		// Within rounding, there is nothing left to gain.
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

/** The change of the parameters in a step, that of the gradient, and 1 / (their product). */
interface Step {
	readonly change: Float64Array;
	readonly gradientChange: Float64Array;
	readonly inverse: number;
}

function stepOf(
	from: Float64Array,
	to: Float64Array,
	gradient: Float64Array,
	nextGradient: Float64Array,
	old: Step | undefined,
): Step | undefined {
	const { change, gradientChange } = old ?? { change: from.slice(), gradientChange: from.slice() };
	for (let i = 0; i < from.length; i++) {
		change[i] = to[i]! - from[i]!;
		gradientChange[i] = nextGradient[i]! - gradient[i]!;
	}
	const product = dot(change, gradientChange);
	return product > 0 ? { change, gradientChange, inverse: 1 / product } : undefined;
}

/** −(approximate inverse of the Hessian) · gradient, by the recursion over the steps. */
function newtonDirection(gradient: Float64Array, steps: readonly Step[], direction: Float64Array): void {
	for (let i = 0; i < gradient.length; i++) direction[i] = -gradient[i]!;
	const shares: number[] = [];
	for (const { change, gradientChange, inverse } of steps.toReversed()) {
		const share = inverse * dot(change, direction);
		shares.push(share);
		add(direction, -share, gradientChange);
	}
	const last = steps.at(-1);
	if (last) {
		const scale = 1 / (last.inverse * dot(last.gradientChange, last.gradientChange));
		for (let i = 0; i < direction.length; i++) direction[i]! *= scale;
	}
	for (const { change, gradientChange, inverse } of steps)
		add(direction, shares.pop()! - inverse * dot(gradientChange, direction), change);
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
