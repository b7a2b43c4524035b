/** The page that bundlers.test.ts bundles. */
import { MobileNet } from "mobilenet";

/** With the page's own model, or with the package's. */
async function classify(source) {
	const model = await MobileNet.load(source, { threads: 2 });
	const picture = { data: new Uint8Array(32 * 32 * 3).fill(200), width: 32, height: 32, channels: 3 };
	const [best] = await model.classify(picture);
	return { ...best, build: model.build };
}

globalThis.answer = classify(location.hash === "#default" ? undefined : "model.safetensors");
