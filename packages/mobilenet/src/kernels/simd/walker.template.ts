/** Writes the AssemblyScript of the walker: one loop over the steps of a plan, one case per operation. */
import { type Operation, operationNames, operations, stepWords } from "../operations.ts";

/** The file in simd/assembly/ that holds an operation, if it does not have the operation's name. */
const files: Readonly<Record<string, string>> = {
	normalize: "train-stem",
	trainStem: "train-stem",
	stemBackward: "train-stem",
	stemInputGradient: "train-stem",
	trainDepthwise: "train-depthwise",
	depthwiseBackward: "train-depthwise",
	trainPointwise: "train-pointwise",
	pointwiseBackward: "train-pointwise",
	denseBackward: "train-pointwise",
	batchNorm: "batch-norm",
	batchNormBackward: "batch-norm",
	trainAveragePool: "train-average-pool",
	averagePoolBackward: "train-average-pool",
	crossEntropy: "losses",
	squaredError: "losses",
	sumSlices: "gradients",
	transpose: "gradients",
	gradientNorm: "gradient-norm",
	sgd: "optimizers",
	rmsprop: "optimizers",
	adamw: "optimizers",
	movingAverage: "optimizers",
	stemBytes: "stem",
	stemFloats: "stem",
	leakyRelu: "leaky-relu",
	averagePool: "average-pool",
	maxPool: "max-pool",
	int8StemBytes: "int8-stem",
	int8StemFloats: "int8-stem",
	int8Depthwise: "int8-depthwise",
	int8Pointwise: "int8-pointwise",
	int8Separable: "int8-separable",
	int8BytePointwise: "int8-pointwise",
	int8ByteSeparable: "int8-separable",
	int8AveragePool: "int8-average-pool",
	int8MaxPool: "int8-max-pool",
	int8Flatten: "int8-flatten",
	int8Lookup: "int8-lookup",
};

/** A walker for the operations that a module holds. */
export function walkerSource(held: readonly Operation[]): string {
	const imports = held.map((name) => `import { ${name} } from "../${files[name] ?? name}";`);
	const cases = held.map((name) => {
		const operands = Object.values(operations[name]).map(
			(kind, i) => `load<${kind === "integer" ? "i32" : "usize"}>(step, ${(i + 1) * 4})`,
		);
		return `      case ${operationNames.indexOf(name)}: ${name}(thread, threads, pictures, ${operands.join(", ")}); break;`;
	});
	return `import { barrier } from "../team";
${imports.join("\n")}
export { serve } from "../team";

/**
 * Runs this thread's share of step \`entry\`, then of steps \`first\` up to \`last\`, of the plan at \`plan\`, with the run block
 * at \`block\`. All threads of a team walk the same steps and synchronize after each.
 */
export function run(plan: usize, entry: i32, first: i32, last: i32, block: usize, thread: i32, threads: i32): void {
  const pictures = load<i32>(block);
  for (let i = entry; i < last; i = i == entry ? max(first, entry + 1) : i + 1) {
    const step = plan + <usize>i * ${stepWords * 4};
    switch (load<i32>(step)) {
${cases.join("\n")}
      default: unreachable();
    }
    if (threads > 1) barrier(block, thread, threads);
  }
}
`;
}
