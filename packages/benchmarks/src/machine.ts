/** Describes the machine for reports: figures of different processors cannot be compared. */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, type } from "node:os";

export function machine(): string {
	const model = cpus()[0]?.model.trim() ?? "unknown processor";
	return `${model}${family()}, ${availableParallelism()} cores, ${type()} ${release()}`;
}

/** Virtual machines often hide the name of the processor; its family and vector instructions say more. */
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

/** The load averages over one, five and fifteen minutes. */
export function load(): string {
	return loadavg()
		.map((value) => value.toFixed(2))
		.join(", ");
}
