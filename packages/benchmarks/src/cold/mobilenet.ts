/** A first prediction with ours, as a user would write it: node mobilenet.js FOLDER SIZE */
import { readFileSync, writeSync } from "node:fs";
import { MobileNet } from "mobilenet";

const [folder, size] = [process.argv[2]!, Number(process.argv[3])];
const model = await MobileNet.load(`${folder}/network.safetensors`);
const pixels = { data: readFileSync(`${folder}/pixels`), width: size, height: size, channels: 3 };
const [best] = await model.classify(pixels, { top: 1 });
writeSync(1, String(best!.index));
