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

	/** The features of one picture in every shape in which a page can hold it, by the shape's name. */
	async shapes(model, picture) {
		const loaded = await MobileNet.load(model);
		const bitmap = await createImageBitmap(await (await fetch(picture)).blob());
		const { width, height } = bitmap;
		const canvas = Object.assign(document.createElement("canvas"), { width, height });
		canvas.getContext("2d").drawImage(bitmap, 0, 0);
		const offscreen = new OffscreenCanvas(width, height);
		offscreen.getContext("2d").drawImage(bitmap, 0, 0);
		const image = Object.assign(new Image(), { src: picture });
		await image.decode();
		const shapes = {
			"its address": picture,
			"an image": image,
			"a bitmap": bitmap,
			"a canvas": canvas,
			"an offscreen canvas": offscreen,
			"image data": canvas.getContext("2d").getImageData(0, 0, width, height),
			"a video's frame": new VideoFrame(bitmap, { timestamp: 0 }),
			"a video": await videoOf(bitmap),
			"another picture": new OffscreenCanvas(width, height),
		};
		shapes["another picture"].getContext("2d").fillRect(0, 0, width / 2, height);
		const features = {};
		for (const [name, source] of Object.entries(shapes)) features[name] = [...(await loaded.embed(source))];
		bitmap.close();
		for (const [name, source] of Object.entries({
			"a closed bitmap": bitmap,
			"a video without a picture": document.createElement("video"),
			"an image without a picture": new Image(),
		}))
			features[name] = await loaded.embed(source).catch(({ code, message }) => ({ code, message }));
		loaded.dispose();
		return features;
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

/** A video that shows a picture. */
async function videoOf(bitmap) {
	const { width, height } = bitmap;
	const canvas = Object.assign(document.createElement("canvas"), { width, height });
	const context = canvas.getContext("2d");
	const video = Object.assign(document.createElement("video"), {
		muted: true,
		srcObject: canvas.captureStream(),
	});
	// A canvas gives the video a frame whenever it is drawn on.
	const drawing = setInterval(() => context.drawImage(bitmap, 0, 0), 20);
	await video.play();
	clearInterval(drawing);
	return video;
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
