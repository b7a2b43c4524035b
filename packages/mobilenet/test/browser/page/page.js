/**
 * The page of browser.test.ts: what the tests ask for, by name. Lists of bytes go to them as base64, numbers as they
 * are.
 */
import { MobileNet } from "/browser/mobilenet.js";

globalThis.page = {
	/** Every class's probability for square raw pixels of three channels, a row a picture, and the build that ran. */
	async probabilities(model, pixels, pictures, size, options) {
		const loaded = await MobileNet.load(model, options);
		const all = await fetched(pixels);
		const bytes = size * size * 3;
		const sources = Array.from({ length: pictures }, (_, n) => ({
			data: all.subarray(n * bytes, (n + 1) * bytes),
			width: size,
			height: size,
			channels: 3,
		}));
		const rows = await loaded.classify(sources, { top: loaded.configuration.classes });
		const { build, skippedBuilds } = loaded;
		loaded.dispose();
		return { build, skippedBuilds, rows: rows.map(byIndex) };
	},

	/** The best answer for a picture: by its address, or as the blob that a person's choice of a file gives. */
	async best(model, picture, { asBlob = false } = {}) {
		const loaded = await MobileNet.load(model);
		const [best] = await loaded.classify(asBlob ? await (await fetch(picture)).blob() : picture);
		loaded.dispose();
		return best;
	},

	/** A picture's pixels as the browser decodes it. */
	async decoded(picture, options) {
		const { width, height, data } = await decodedAt(picture, options);
		return { width, height, data: base64(data) };
	},

	/** A picture's pixels stretched to a network's size. */
	async stretched(picture, size) {
		const { prepare } = await import("/dist/image/fit.js");
		const data = new Uint8Array(size * size * 3);
		const how = { size, channels: 3, filter: "pillow-bilinear", fit: "stretch" };
		prepare(await decodedAt(picture), how, data);
		return base64(data);
	},

	/** The error that a model or a picture gives. */
	async failure(model, picture) {
		try {
			await (await MobileNet.load(model)).classify(picture);
		} catch ({ name, code, message }) {
			return { name, code, message };
		}
	},

	/** Whether the page may make code of text: what a strict policy forbids. */
	makesCodeOfText() {
		try {
			return new Function("return true")();
		} catch {
			return false;
		}
	},
};

/** By the half of the package that browsers get, which the browser file does not export. */
async function decodedAt(picture, options) {
	const { decode } = await import("/dist/image/decode.default.js");
	return decode(await fetched(picture), { name: picture, ...options });
}

async function fetched(address) {
	return new Uint8Array(await (await fetch(address)).arrayBuffer());
}

function byIndex(predictions) {
	const probabilities = [];
	for (const { index, probability } of predictions) probabilities[index] = probability;
	return probabilities;
}

function base64(bytes) {
	let text = "";
	for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
	return btoa(text);
}
