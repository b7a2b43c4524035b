/**
 * Puts the libraries that only the command line, data sets and reports need into `dist/libraries`, each as one module,
 * and lets the modules of `dist/` import them from there: a package that classifies then installs two small
 * dependencies instead of a dozen packages. `dist/node` takes them from there, too, so that the package has each once.
 *
 *   node scripts/build-libraries.ts        (part of `npm run build`)
 */
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, posix, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type OutputOptions, rolldown } from "rolldown";
import { refuse } from "./bundle.ts";
import { writeLicenses } from "./licenses.ts";

/** What of each is exported. Charts are drawn in browsers, too; for them papaparse is smaller, without streams. */
const libraries = [
	{ name: "@stricli/core", exports: "*", platform: "node" },
	{ name: "d3-array", exports: "{ nice, ticks }", platform: "browser" },
	{ name: "papaparse", exports: "{ default }", platform: "browser" },
	{ name: "tinyglobby", exports: "*", platform: "node" },
] as const;

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const folder = "libraries";

rmSync(join(dist, folder), { recursive: true, force: true });
const modules: string[] = [];
for (const library of libraries) modules.push(...(await bundle(library)));
writeLicenses(join(dist, folder), modules);

for (const file of globSync("**/*.js", { cwd: dist }).map((path) => path.split(sep).join("/"))) {
	if (file.startsWith(`${folder}/`)) continue;
	const text = readFileSync(join(dist, file), "utf8");
	const upwards = posix.relative(posix.dirname(file), folder);
	const changed = libraries.reduce(
		(text, { name }) => text.replaceAll(`from "${name}"`, `from "${upwards}/${fileOf(name)}"`),
		text,
	);
	if (changed !== text) writeFileSync(join(dist, file), changed);
}

/** Writes a library as one module, and gives the paths of all that it is made of. */
async function bundle({ name, exports, platform }: (typeof libraries)[number]): Promise<readonly string[]> {
	const entry = join(dist, fileOf(name));
	const build = await rolldown({
		input: entry,
		platform,
		external: platform === "node" ? /^(fs|module|path|url)$/ : [],
		onLog: refuse,
		plugins: [
			{
				name: "entry",
				resolveId: (id) => (id === entry ? id : undefined),
				load: (id) => (id === entry ? `export ${exports} from "${name}";` : undefined),
			},
		],
	});
	const options = { dir: join(dist, folder), format: "esm", minify: true } satisfies OutputOptions;
	const { output } = await build.write(options);
	await build.close();
	if (output.length > 1) throw new Error(`${name} became ${output.length} files`);
	return output[0].moduleIds;
}

function fileOf(name: string): string {
	return `${name.replace("@", "").replace("/", "-")}.js`;
}
