/** Ours in Chromium, for comparison with the runtimes that only run there. */
import { prepareInChromium } from "../browser/chromium.ts";
import { serve } from "./serve.ts";

/** The package's `imports` for runtimes other than Node, as in its package.json. */
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
