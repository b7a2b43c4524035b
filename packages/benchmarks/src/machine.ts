/** The machine as a report names it: figures of different processors do not compare. */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, type } from "node:os";

export function machine(): string {
	const model = cpus()[0]?.model.trim() ?? "unknown processor";
	return `${model}${family()}, ${availableParallelism()} cores, ${type()} ${release()}`;
}

/** Virtual machines often hide the model's name; family and vector instructions tell more. */
function family(): string {
	const path = "/proc/cpuinfo";
	if (!existsSync(path)) return "";
	const text = readFileSync(path, "utf8");
	const field = (name: string): string | undefined =>
		new RegExp(`^${name}\\s*:\\s*(.*)$`, "m").exec(text)?.[1];
	const flags = new Set(field("flags")?.split(" "));
	const vectors = ["fma", "avx2", "avx512f", "avx_vnni", "avx512_vnni"].filter((flag) => flags.has(flag));
	const [number, model] = [field("cpu family"), field("model")];
	return number === undefined ? "" : ` (family ${number} model ${model}; ${vectors.join(", ")})`;
}

/** Of one, five and fifteen minutes. */
export function load(): string {
	return loadavg()
		.map((value) => value.toFixed(2))
		.join(", ");
}
