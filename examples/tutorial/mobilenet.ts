/**
 * The PyTorch tutorial's MobileNet in plain TypeScript, without any package, for one picture of [channels][height][width]:
 * node --strip-types examples/tutorial/mobilenet.ts. It is more general than the tutorial and the same at width 1 and 224
 * pixels: `width` may be any number and scales the first convolution too, and the picture may have any size.
 */
export interface Tensor {
	readonly shape: readonly [channels: number, height: number, width: number];
	readonly data: Float32Array;
}
/** As `nn.Module`: what it learns, and what it does. */
export interface Module {
	readonly parameters: readonly Float32Array[];
	readonly forward: (x: Tensor, training: boolean) => Tensor;
}

/** As `nn.Sequential`: one after the other. */
export const sequential = (...modules: readonly Module[]) => ({
	modules,
	parameters: modules.flatMap(({ parameters }) => parameters),
	forward: (x: Tensor, training: boolean) => modules.reduce((y, module) => module.forward(y, training), x),
});

/** y[o] = Σ over i, dy, dx of weight[o][i][dy][dx] · x[i], moved by (dy, dx); beside the picture are zeros. */
export function conv2d(i: number, o: number, kernel: number, stride: number, padding: number, groups = 1) {
	const inputs = i / groups;
	const weight = uniform(o * inputs * kernel ** 2, 1 / Math.sqrt(inputs * kernel ** 2));
	const forward = ({ shape: [, rows, columns], data: x }: Tensor): Tensor => {
		const [height, width] = [rows, columns].map((n) => Math.floor((n + 2 * padding - kernel) / stride) + 1);
		const y = new Float32Array(o * height! * width!);
		for (let w = 0; w < weight.length; w++) {
			const [dx, dy] = [(w % kernel) - padding, (Math.floor(w / kernel) % kernel) - padding];
			const output = Math.floor(w / (kernel ** 2 * inputs));
			const input = Math.floor((output * groups) / o) * inputs + (Math.floor(w / kernel ** 2) % inputs);
			for (let row = 0; row < height!; row++) {
				const [from, to] = [row * stride + dy, (output * height! + row) * width!];
				for (let n = 0, at = dx; n < width! && from >= 0 && from < rows; n++, at += stride)
					if (at >= 0 && at < columns) y[to + n]! += weight[w]! * x[(input * rows + from) * columns + at]!;
			}
		}
		return { shape: [o, height!, width!], data: y };
	};
	return { parameters: [weight], forward };
}

/** y = weight · (x − mean) / √(variance + 10⁻⁵) + bias; in training of the picture's own mean and variance. */
export function batchNorm2d(planes: number): Module {
	const [ones, zeros] = [() => new Float32Array(planes).fill(1), () => new Float32Array(planes)];
	const [weight, bias, runningMean, runningVariance] = [ones(), zeros(), zeros(), ones()] as const;
	const forward = ({ shape, data }: Tensor, training: boolean): Tensor => {
		const [size, y] = [data.length / planes, new Float32Array(data.length)];
		for (let c = 0; c < planes; c++) {
			const x = data.subarray(c * size, (c + 1) * size);
			const mean = training ? meanOf(x) : runningMean[c]!;
			const variance = training ? meanOf(x.map((value) => (value - mean) ** 2)) : runningVariance[c]!;
			const factor = weight[c]! / Math.sqrt(variance + 1e-5);
			const normalized = x.map((value) => factor * (value - mean) + bias[c]!);
			y.set(normalized, c * size);
		}
		return { shape, data: y };
	};
	return { parameters: [weight, bias, runningMean, runningVariance], forward };
}
const meanOf = (x: Float32Array): number => x.reduce((sum, value) => sum + value, 0) / x.length;

export const relu6: Module = {
	parameters: [],
	forward: ({ shape, data }) => ({ shape, data: data.map((x) => Math.min(Math.max(x, 0), 6)) }),
};

/** The mean of every channel. */
export const averagePool: Module = {
	parameters: [],
	forward: ({ shape: [channels, height, width], data }) => {
		const mean = (_: unknown, c: number) =>
			meanOf(data.subarray(c * height * width, (c + 1) * height * width));
		return { shape: [channels, 1, 1], data: Float32Array.from({ length: channels }, mean) };
	},
};

/** y = weight · x + bias */
export function linear(i: number, o: number): Module {
	const [weight, bias] = [uniform(i * o, 1 / Math.sqrt(i)), uniform(o, 1 / Math.sqrt(i))];
	const row = (x: Float32Array, n: number) => x.reduce((sum, v, m) => sum + weight[n * i + m]! * v, bias[n]!);
	const shape = [o, 1, 1] as const;
	return {
		parameters: [weight, bias],
		forward: ({ data }) => ({ shape, data: bias.map((_, n) => row(data, n)) }),
	};
}

export function softmax({ shape, data }: Tensor): Tensor {
	const most = Math.max(...data);
	const sum = data.reduce((total, x) => total + Math.exp(x - most), 0);
	return { shape, data: data.map((x) => Math.exp(x - most) / sum) };
}

/** A 3×3 convolution of each channel by itself (depthwise), then a 1×1 convolution across channels (pointwise). */
export function depthwiseSeparable(inPlanes: number, outPlanes: number, stride: number, padding: number) {
	const depthwise = [conv2d(inPlanes, inPlanes, 3, stride, padding, inPlanes), batchNorm2d(inPlanes), relu6];
	const pointwise = [conv2d(inPlanes, outPlanes, 1, 1, 0), batchNorm2d(outPlanes), relu6];
	return sequential(...depthwise, ...pointwise);
}

/** Input and output planes, stride and padding; the last as the paper's table prints it. */
// biome-ignore format: a table
const blocks = [
	[32, 64, 1, 1], [64, 128, 2, 1], [128, 128, 1, 1], [128, 256, 2, 1], [256, 256, 1, 1], [256, 512, 2, 1],
	[512, 512, 1, 1], [512, 512, 1, 1], [512, 512, 1, 1], [512, 512, 1, 1], [512, 512, 1, 1],
	[512, 1024, 2, 1], [1024, 1024, 2, 4],
] as const;

export class MobileNet {
	/** As `net.train()` and `net.eval()` set it; a new network is in training mode, as PyTorch's is. */
	training = true;
	readonly firstConv;
	readonly layers;
	readonly fc: Module;
	constructor(classes = 1000, width = 1) {
		const planes = (n: number): number => Math.floor(n * width);
		this.firstConv = sequential(conv2d(3, planes(32), 3, 2, 1), batchNorm2d(planes(32)), relu6);
		this.layers = sequential(
			...blocks.map(([i, o, stride, padding]) => depthwiseSeparable(planes(i), planes(o), stride, padding)),
		);
		this.fc = linear(planes(1024), classes);
	}
	/** In the order of PyTorch's `state_dict()`. */
	get parameters(): readonly Float32Array[] {
		return sequential(this.firstConv, this.layers, this.fc).parameters;
	}
	logits(x: Tensor): Tensor {
		return sequential(this.firstConv, this.layers, averagePool, this.fc).forward(x, this.training);
	}
	forward(x: Tensor): Tensor {
		return softmax(this.logits(x));
	}
}

/** What PyTorch begins a layer with: numbers from −bound to bound, any as likely as another. */
function uniform(count: number, bound: number): Float32Array {
	return Float32Array.from({ length: count }, () => bound * (2 * Math.random() - 1));
}

export function test(): Tensor {
	const net = new MobileNet();
	const y = net.forward({ shape: [3, 224, 224], data: uniform(3 * 224 * 224, 1) });
	console.log([1, y.data.length]); // [ 1, 1000 ]
	return y;
}
if (import.meta.filename === process.argv[1]) test();
