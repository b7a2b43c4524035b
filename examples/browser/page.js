// In your own page, use the URL where node_modules/mobilenet/dist/browser/mobilenet.js is served.
import { MobileNet } from "../../packages/mobilenet/dist/browser/mobilenet.js";

const element = (id) => document.getElementById(id);
let mobilenet;

element("model").addEventListener("change", async () => {
	const [file] = element("model").files;
	if (!file) return;
	await say("Loading the model …", async () => {
		const last = mobilenet;
		mobilenet = await MobileNet.load(await file.arrayBuffer(), { name: file.name });
		last?.dispose();
		return "Choose a picture.";
	});
	await classify();
});

element("picture").addEventListener("change", async () => {
	const [file] = element("picture").files;
	if (!file) return;
	URL.revokeObjectURL(element("preview").src);
	element("preview").src = URL.createObjectURL(file);
	await classify();
});

async function classify() {
	const [picture] = element("picture").files;
	if (!picture) return;
	element("answers").replaceChildren();
	await say("Looking …", async () => {
		mobilenet ??= await MobileNet.load();
		const start = performance.now();
		const answers = await mobilenet.classify(picture);
		element("answers").replaceChildren(
			...answers.map(({ label, probability }) => {
				const item = document.createElement("li");
				item.textContent = `${label}: ${(100 * probability).toFixed(1)} %`;
				return item;
			}),
		);
		const took = `Took ${Math.round(performance.now() - start)} ms (${mobilenet.build} kernels).`;
		return answers[0].sure === false ? `Probably none of what this model knows. ${took}` : took;
	});
}

/** Shows progress, then the result or the error, whose message is a sentence for people. */
async function say(before, work) {
	element("message").textContent = before;
	try {
		element("message").textContent = await work();
	} catch (error) {
		element("message").textContent = error.message;
	}
}
