/** `mobilenet doctor`: what the package can use on this machine, what is missing, and how to get it. */
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import process from "node:process";
import { buildCommand } from "@stricli/core";
import type { Build, Configuration, MobileNet } from "../../index.ts";
import type { Context, ProcessLike } from "../context.ts";
import { messageOf } from "../errors.ts";
import { jsonLine } from "../output.ts";
import { color, samplePictures } from "../sample-pictures.ts";
import { packageVersion } from "../version.ts";

interface Options {
	readonly json: boolean;
}

/** Width and height of a picture so small that even the reference build is fast. */
const fewPixels = 32;
const smallNetwork = { alpha: 0.25, size: fewPixels, classes: 2 } as const;

/** A check: how long it took and what it found, or why it failed. */
type Tried<T = unknown> = ({ readonly milliseconds: number } & T) | { readonly error: string };

interface Report {
	/** Whether a model runs and pictures of every format can be decoded. */
	readonly ok: boolean;
	readonly versions: { readonly mobilenet: string; readonly node: string; readonly v8: string };
	readonly platform: string;
	readonly processor: string;
	readonly cores: number;
	/** In bytes. */
	readonly memory: { readonly total: number; readonly free: number };
	readonly kernels: {
		/** Null if none runs. */
		readonly chosen: Build | null;
		/** The build that MOBILENET_SIMD asks for; null if it is not set. */
		readonly forced: string | null;
		readonly skippedBuilds: readonly string[];
		/** Builds that were compiled and tested against the reference, without those that were skipped. */
		readonly tested: readonly ({ readonly build: Build } & Tried)[];
	};
	/** A small network, created and run. */
	readonly model: Tried;
	/** The package's own model, loaded and run on a small picture. */
	readonly embedded: Tried<Pick<Configuration, "alpha" | "size" | "classes">>;
	readonly pictures: {
		/** Null if it cannot be imported. */
		readonly sharp: string | null;
		readonly formats: readonly ({ readonly format: string } & Tried)[];
	};
	/** What is missing and how to get it, one sentence each. */
	readonly missing: readonly string[];
}

export const doctorCommand = buildCommand<Options, [], Context>({
	async func({ json }) {
		const report = await examine(this.process.env);
		this.process.stdout.write(json ? jsonLine(report) : readable(report));
		if (!report.ok) this.process.exitCode = 1;
	},
	parameters: {
		flags: {
			json: { kind: "boolean", default: false, withNegated: false, brief: "print one line of JSON" },
		},
	},
	docs: {
		brief: "Check this machine: which kernels run, which pictures can be decoded, what is missing",
		fullDescription: [
			"Shows versions, processor and memory; which build of the kernels runs here and why faster ones do not; whether the",
			"package's own model runs; which pictures can be decoded; and what is missing and how to get it. The exit code is 0 if",
			"models run and pictures can be decoded, otherwise 1.",
			"",
			"EXAMPLE",
			"  mobilenet doctor",
			"  mobilenet doctor --json",
		].join("\n"),
	},
});

async function examine(env: ProcessLike["env"]): Promise<Report> {
	const missing: string[] = [];
	const kernels = await kernelsOf(env, missing);
	const model = await tried(runSmallNetwork);
	const embedded = await tried(runEmbedded);
	const pictures = await picturesOf(missing);
	return {
		ok: works(model) && works(embedded) && pictures.sharp !== null && pictures.formats.every(works),
		versions: {
			mobilenet: packageVersion(),
			node: process.versions.node,
			v8: process.versions.v8,
		},
		platform: `${process.platform} ${process.arch}`,
		processor: cpus()[0]?.model.trim() || "unknown",
		cores: availableParallelism(),
		memory: { total: totalmem(), free: freemem() },
		kernels,
		model,
		embedded,
		pictures,
		missing,
	};
}

async function kernelsOf(env: ProcessLike["env"], missing: string[]): Promise<Report["kernels"]> {
	const { builds, MobileNet } = await import("../../index.ts");
	const forced = env.MOBILENET_SIMD || null;
	let chosen: MobileNet;
	const start = performance.now();
	try {
		chosen = await MobileNet.create(smallNetwork);
	} catch (error) {
		missing.push(messageOf(error));
		return { chosen: null, forced, skippedBuilds: [], tested: [] };
	}
	const { build: fastest, skippedBuilds, model } = chosen;
	const tested: ({ readonly build: Build } & Tried)[] = [];
	if (forced !== null) tested.push({ build: fastest, ...since(start) });
	// Not those that were skipped: asking for a build by name can allow one that is not safe here.
	for (const build of builds.slice(builds.indexOf(fastest) + tested.length))
		tested.push({ build, ...(await tried(async () => void (await MobileNet.from(model, { build })))) });
	if (Number.parseInt(process.versions.node, 10) < 22)
		missing.push("Relaxed SIMD, which makes the kernels faster: use Node 22 or newer.");
	if (fastest === "reference" && forced === null)
		missing.push(
			"WebAssembly: without it networks run in plain JavaScript, many times slower; start Node without flags that disable it, such as --jitless.",
		);
	return { chosen: fastest, forced, skippedBuilds, tested };
}

async function runSmallNetwork(): Promise<void> {
	const { MobileNet } = await import("../../index.ts");
	const model = await MobileNet.create(smallNetwork);
	const output = await model.run(new Float32Array(fewPixels * fewPixels * 3));
	model.dispose();
	if (!output.every(Number.isFinite)) throw new Error(`a small network gave ${output.join(", ")}`);
}

/** On a small picture: where only the reference runs, the model's own size would take seconds. */
async function runEmbedded(): Promise<Pick<Configuration, "alpha" | "size" | "classes">> {
	const { loadModel, MobileNet } = await import("../../index.ts");
	const model = await loadModel();
	const { alpha, size, classes, inputChannels } = model.configuration;
	const mobilenet = await MobileNet.from(model, { size: fewPixels, threads: 1 });
	const output = await mobilenet.run(new Float32Array(fewPixels * fewPixels * inputChannels));
	mobilenet.dispose();
	if (!output.every(Number.isFinite)) throw new Error(`it gave ${output.slice(0, 5).join(", ")}, …`);
	return { alpha, size, classes };
}

async function picturesOf(missing: string[]): Promise<Report["pictures"]> {
	let sharp: string;
	try {
		const { versions } = (await import("sharp")).default;
		sharp = `${versions.sharp ?? "of an unknown version"} (libvips ${versions.vips})`;
	} catch (error) {
		const absent = error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND";
		// The first line says what is wrong; many lines of advice follow.
		const why = absent ? "it is not installed" : String(error).split("\n", 1)[0];
		missing.push(
			`The package sharp, which decodes pictures (${why}): run npm install --include=optional sharp. Raw pixels work without it.`,
		);
		return { sharp: null, formats: [] };
	}
	const { pixelsOf } = await import("../../index.ts");
	const formats: ({ readonly format: string } & Tried)[] = [];
	for (const [format, base64] of Object.entries(samplePictures)) {
		const result = await tried(async () => {
			const { data } = await pixelsOf(Buffer.from(base64, "base64"));
			const apart = Math.max(...color.map((value, channel) => Math.abs(value - data[channel]!)));
			// Lossy formats are off by one or two levels.
			if (apart > 4)
				throw new Error(`its decoded color is [${data.slice(0, 3).join(", ")}], not [${color.join(", ")}]`);
		});
		if ("error" in result) missing.push(`${format} pictures: ${result.error}`);
		formats.push({ format, ...result });
	}
	return { sharp, formats };
}

async function tried<T>(work: () => Promise<T>): Promise<Tried<T>> {
	const start = performance.now();
	try {
		const learned = await work();
		return { ...since(start), ...learned };
	} catch (error) {
		return { error: messageOf(error) };
	}
}

function since(start: number): { readonly milliseconds: number } {
	return { milliseconds: Number((performance.now() - start).toFixed(1)) };
}

function works(result: Tried): boolean {
	return "milliseconds" in result;
}

function readable(report: Report): string {
	const { versions, platform, processor, cores, memory, kernels, model, embedded, pictures, missing } =
		report;
	const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
	const outcome = (result: Tried): string => ("error" in result ? result.error : `${result.milliseconds} ms`);
	const chosen =
		kernels.chosen === null
			? "none"
			: `${kernels.chosen}, ${kernels.forced === null ? "the fastest build that runs here" : "as MOBILENET_SIMD says"}`;
	const decoded = pictures.formats.filter(works).map(({ format }) => format);
	const rows: (readonly [string, string])[] = [
		["mobilenet", versions.mobilenet],
		["node", `${versions.node}, V8 ${versions.v8}, ${platform}`],
		["processor", `${processor}, ${cores} ${cores === 1 ? "core" : "cores"}`],
		["memory", `${gib(memory.total)}, ${gib(memory.free)} free`],
		["kernels", chosen],
		...kernels.skippedBuilds.map((why) => ["skipped", why] as const),
		...kernels.tested.map(
			(one) =>
				[
					"self-test",
					`${one.build}: ${one.build === "reference" ? "the others are tested against this" : outcome(one)}`,
				] as const,
		),
		["a small network", outcome(model)],
		[
			"embedded model",
			"error" in embedded
				? embedded.error
				: `${outcome(embedded)}; α ${embedded.alpha}, ${embedded.size}×${embedded.size}, ${embedded.classes} classes`,
		],
		["pictures", decoded.length > 0 ? `${decoded.join(", ")}, by sharp ${pictures.sharp}` : "none"],
		...(missing.length > 0 ? missing : ["nothing"]).map((what) => ["missing", what] as const),
	];
	const width = Math.max(...rows.map(([name]) => name.length));
	return rows
		.map(([name, value], i) => `${(rows[i - 1]?.[0] === name ? "" : name).padEnd(width)}  ${value}\n`)
		.join("");
}
