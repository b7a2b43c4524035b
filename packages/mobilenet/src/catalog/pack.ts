/** Makes an npm package of a model, which others install to have it by name (package.ts). */
import { MobileNetError, shown } from "../base/error.ts";
import { writeModel } from "../formats/safetensors/model-writer.ts";
import type { Model } from "../weights/model.ts";
import { packagesFor } from "./package.ts";

/** What npm takes for one: no number begins with 0, and between dots there is something. */
const semanticVersion =
	/^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}(-(?!0\d+(\.|$))[0-9A-Za-z-]+(\.(?!0\d+(\.|$))[0-9A-Za-z-]+)*)?$/;
/** npm allows so many characters for a package's name. */
const longestPackage = 214;

export interface PackOptions {
	/** What the model is called when it is loaded: `flowers`, or `flowers/small`. */
	readonly name: string;
	/** The package's version. Default: `1.0.0`. */
	readonly version?: string | undefined;
	/** An SPDX identifier. Default: the model's own, else `UNLICENSED`. */
	readonly license?: string | undefined;
}

/**
 * The files of an npm package that holds a model, by their paths in it: package.json, index.js, index.d.ts, README.md and
 * the model as safetensors. `npm publish` in their folder publishes it.
 *
 * @throws MobileNetError `usage` for a name that cannot be one
 * @example
 * const files = packModel(model, { name: "flowers" }); // the package mobilenet-weights-flowers
 */
export function packModel(
	model: Model,
	{ name, version = "1.0.0", license: given }: PackOptions,
): ReadonlyMap<string, Uint8Array> {
	const { license: own } = model.source;
	if (own !== undefined && given !== undefined && own !== given)
		throw new MobileNetError(
			"usage",
			`the model's own license goes along with it and cannot become ${shown(given)}: ${own}`,
		);
	if (/^(default$|imagenet(\/|$))/.test(name))
		throw new MobileNetError(
			"usage",
			`the name ${shown(name)} is taken by the package itself: choose another.`,
		);
	const license = own ?? given ?? "UNLICENSED";
	if (!/^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*)?$/.test(name))
		throw new MobileNetError(
			"usage",
			`a name of weights is of small letters, digits, dots and hyphens, with one slash at most, such as flowers or flowers/small, not ${shown(name)}.`,
		);
	if (!semanticVersion.test(version))
		throw new MobileNetError("usage", `a version is such as 1.0.0, not ${shown(version)}.`);
	const [called] = packagesFor(name);
	if (called!.length > longestPackage)
		throw new MobileNetError("usage", `${shown(name)} is too long for the name of a package.`);
	const file = `${name.replace("/", "-")}.safetensors`;
	const manifest = {
		name: called,
		version,
		description: `Weights of a MobileNet v1 for the package mobilenet, called ${name}.`,
		keywords: ["mobilenet", "mobilenet-weights"],
		// npm wants an identifier; what is more than that stands in the README.
		license: /^[\w.+-]+$/.test(license) ? license : "SEE LICENSE IN README.md",
		type: "module",
		main: "index.js",
		types: "index.d.ts",
		sideEffects: false,
		files: ["index.js", "index.d.ts", file],
		mobilenetWeights: { [name]: file },
	};
	const texts = {
		"package.json": `${JSON.stringify(manifest, undefined, "\t")}\n`,
		"index.js": `/** Where the weights are: MobileNet.load(url). Bundlers copy the file along. */\nexport const url = new URL("./${file}", import.meta.url);\n`,
		"index.d.ts": "/** Where the weights are: `MobileNet.load(url)`. */\nexport const url: URL;\n",
		"README.md": readme(name, called!, model, license),
	};
	const encoder = new TextEncoder();
	return new Map<string, Uint8Array>([
		...Object.entries(texts).map(([path, text]) => [path, encoder.encode(text)] as const),
		[file, writeModel(model)],
	]);
}

function readme(name: string, called: string, { configuration, source }: Model, license: string): string {
	const { alpha, size, classes } = configuration;
	return `# ${called}

A MobileNet v1 (α ${alpha}, ${size} pixels, ${classes} classes) for the package [mobilenet](https://www.npmjs.com/package/mobilenet).

License: ${license.replace(/\.$/, "")}.${source.origin === undefined ? "" : ` ${source.origin}`}

\`\`\`sh
npm install mobilenet ${called}
\`\`\`

In Node it has a name:

\`\`\`js
import { MobileNet } from "mobilenet";
const model = await MobileNet.load("${name}");
\`\`\`

In a page, through a bundler, it has an address:

\`\`\`js
import { MobileNet } from "mobilenet";
import { url } from "${called}";
const model = await MobileNet.load(url);
\`\`\`
`;
}
