/** What the card of a model on Hugging Face's hub says of its license: README.md, which begins with YAML. */
import type { ModelFile } from "../file.ts";

/** A card is not longer, as far as it is looked at. */
const longest = 10_000;

/** The license, as the hub names it; undefined where there is no card, or it names none. */
export async function licenseBeside(file: Pick<ModelFile, "beside">): Promise<string | undefined> {
	const bytes = await file.beside("README.md").catch(() => undefined);
	if (!bytes) return undefined;
	const text = new TextDecoder().decode(bytes.subarray(0, longest));
	const [, head = ""] = /^---\r?\n([\s\S]*?)\r?\n---/.exec(text) ?? [];
	const field = (name: string): string | undefined => {
		const [, value] = new RegExp(`^${name}:[ \\t]*["']?([^"'\\r\\n]+)`, "m").exec(head) ?? [];
		return value?.trim() || undefined;
	};
	const license = field("license");
	return license === "other" ? (field("license_name") ?? license) : license;
}
