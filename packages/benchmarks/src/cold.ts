/**
 * Cold start: the time from the start of a process to its first prediction on raw pixels, minus that of a process that
 * does nothing. Many starts, in turn.
 */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { random } from "../../mobilenet/dist/base/random.js";
import { programs, versionOf } from "./folders.ts";
import type { Options } from "./options.ts";
import { commandOf } from "./programs.ts";
import type { Job } from "./protocol.ts";
import { milliseconds } from "./report.ts";
import { statisticsOf } from "./statistics.ts";
import { table } from "./table.ts";

const names = ["bare", "mobilenet", "onnxruntime-node"] as const;
type Name = (typeof names)[number];
/** Starts that are not counted, to warm the file system's cache. */
const warmUp = 2;

export async function coldTable({ folder, size, channels }: Job, options: Options): Promise<string> {
	const { bits } = random(1);
	await writeFile(
		join(folder, "pixels"),
		Uint8Array.from({ length: size * size * channels }, () => bits() & 255),
	);
	const times: Record<Name, number[]> = { bare: [], mobilenet: [], "onnxruntime-node": [] };
	const end = performance.now() + options.seconds * 1000 * (names.length - 1);
	for (let round = 0; round < warmUp + 5 || performance.now() < end; round++) {
		const answers = new Set<string>();
		for (const name of names) {
			const { answer, ms } = await once(name, [folder, String(size)], options);
			if (name !== "bare") answers.add(answer);
			if (round >= warmUp) times[name].push(ms);
		}
		if (answers.size > 1)
			throw new Error(`ours and onnxruntime-node give different classes: ${[...answers].join(" and ")}.`);
	}

	const bare = statisticsOf(times.bare);
	const rest = (name: Name) => {
		const { minimum, median } = statisticsOf(times[name]);
		return { minimum: minimum - bare.minimum, median: median - bare.median };
	};
	const [ours, peer] = [rest("mobilenet"), rest("onnxruntime-node")];
	const row = (name: Name): string[] => {
		const all = statisticsOf(times[name]);
		const own = name === "bare" ? undefined : rest(name);
		return [
			name === "bare" ? "bare Node" : name,
			name === "bare" ? "" : versionOf(name),
			...[all.minimum, all.median, all.p90].map(milliseconds),
			...(own ? [own.minimum, own.median].map(milliseconds) : ["", ""]),
			String(all.runs),
		];
	};
	return [
		table([
			["", "version", "minimum ms", "median ms", "p90 ms", "less bare: minimum", "median", "starts"],
			...names.map(row),
		]),
		`ours / onnxruntime-node, less bare Node: minima ${(ours.minimum / peer.minimum).toFixed(2)}, medians ${(ours.median / peer.median).toFixed(2)}`,
	].join("\n\n");
}

/** Starts a program of cold/ and times it until its first output. */
function once(
	name: Name,
	argv: readonly string[],
	place: Options,
): Promise<{ readonly answer: string; readonly ms: number }> {
	const [command, ...flags] = commandOf(place);
	return new Promise((resolve, reject) => {
		const begin = performance.now();
		const child = spawn(command, [...flags, join(programs, `cold/${name}.js`), ...argv], {
			stdio: ["ignore", "pipe", "inherit"],
		});
		let first: { answer: string; ms: number } | undefined;
		child.stdout.on("data", (data: Buffer) => {
			first ??= { answer: data.toString(), ms: performance.now() - begin };
		});
		child.on("error", reject);
		// The next one starts only after this one has ended.
		child.on("close", (code) => {
			if (first && code === 0) resolve(first);
			else reject(new Error(`the cold start of ${name} failed.`));
		});
	});
}
