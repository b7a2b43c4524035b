/**
 * The same as mobilenet.ts with the package: what is a function there is a call here, in the same order.
 *
 *   npm install mobilenet && node --strip-types with-mobilenet.ts
 */
import { MobileNet } from "mobilenet";
import { configure, layers, separableBlock } from "mobilenet/network";

/** `depthwiseSeparable(32, 64, 1, 1)`: the block as two rows of the network's table. */
const padding = { before: 1, after: 1 };
const block = separableBlock({
	name: "block",
	inputChannels: 32,
	outputChannels: 64,
	inputSize: 112,
	stride: 1,
	padding,
});
console.log(block.map(({ kind, outputChannels }) => `${kind} ${outputChannels}`)); // [ 'depthwise 32', 'pointwise 64' ]

/** The thirteen blocks: `class MobileNet`'s table. */
const table = layers(configure({ preset: "tutorial" }));
console.log(table.length); // 29: the first convolution, 13 blocks of two layers, the pool, the classifier

/** `test()`: a network, a random picture, the shape of the answer, and the summary. */
const net = await MobileNet.create({ preset: "tutorial" }, { torchSeed: 0 });
const x = Float32Array.from({ length: 224 * 224 * 3 }, () => 2 * Math.random() - 1);
const y = await net.run(x);
console.log([1, y.length]); // [ 1, 1000 ]
console.log(net.summary({ depth: 1 }));
net.dispose();
