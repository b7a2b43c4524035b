/** The page that browser-bundlers.test.ts bundles. */
import { MobileNet } from "mobilenet";

async function classify() {
	const model = await MobileNet.load("model.safetensors", { threads: 2 });
	const picture = { data: new Uint8Array(32 * 32 * 3).fill(200), width: 32, height: 32, channels: 3 };
	const [best] = await model.classify(picture);
	return { ...best, build: model.build };
}

globalThis.answer = classify();
