/** Ours in Chromium, beside the runtimes that are there only. */
import { prepareInChromium } from "../browser/chromium.ts";
import { serve } from "./serve.ts";

/** The package's `imports`, as its package.json has them for everything but Node. */
const pairs = {
	"#files": "base/files",
	"#decode": "image/decode",
	"#wide": "kernels/wide",
	"#threads": "engine/threads",
};

serve((job) =>
	prepareInChromium(
		"mobilenet-page.js",
		Object.fromEntries(
			Object.entries(pairs).map(([name, file]) => [name, `/mobilenet/dist/${file}.default.js`]),
		),
		job,
	),
);
