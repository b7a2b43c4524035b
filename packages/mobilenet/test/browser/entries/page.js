/** The page that bundlers.test.ts bundles with every entry of the package. */
async function use() {
	const evaluation = await import("mobilenet/evaluation");
	const entries = [
		await import("mobilenet"),
		await import("mobilenet/catalog"),
		await import("mobilenet/data"),
		evaluation,
		await import("mobilenet/formats"),
		await import("mobilenet/network"),
		await import("mobilenet/quantization"),
		await import("mobilenet/training"),
	];
	return {
		names: entries.flatMap(Object.keys).sort(),
		// A library that the package contains chooses the values at the axes.
		curves: evaluation.curvesSvg([
			{ epoch: 1, loss: 2.3, validationLoss: 2.1, top1: 0.4 },
			{ epoch: 2, loss: 1.1, validationLoss: 1.3, top1: 0.6 },
		]),
	};
}

globalThis.answer = use();
