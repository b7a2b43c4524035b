/** LiteRT.js (TensorFlow Lite), which only runs in browsers. */
import { prepareInChromium } from "../browser/chromium.ts";
import { serve } from "./serve.ts";

serve((job) =>
	prepareInChromium(
		"litert-page.js",
		{
			"@litertjs/core": "@litertjs/core/dist/index.js",
			"@litertjs/wasm-utils": "@litertjs/wasm-utils/dist/index.js",
		},
		job,
	),
);
