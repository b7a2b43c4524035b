/** The labels of networks trained on ImageNet. */

import type { Label } from "../weights/model.ts";
import { backgroundName } from "./background.ts";
import { imagenetClasses } from "./imagenet-classes.ts";

/**
 * The 1000 ImageNet classes as labels: `name` is the first synonym, `id` the WordNet id, `synonyms` the other
 * names, absent if there are none. Google's networks have 1001 outputs; the first is for the background.
 * Two names stand for two classes each, as in ImageNet: `crane` (the bird, the machine) and `maillot`.
 *
 * @example
 * imagenetLabels(1001)[89] // { name: "macaw", id: "n01818515" }
 */
export function imagenetLabels(classes: 1000 | 1001): readonly Label[] {
	const labels = imagenetClasses.split("\n").map((line): Label => {
		const [id, words] = [line.slice(0, 9), line.slice(10)];
		const [name, ...synonyms] = words.split(", ") as [string, ...string[]];
		return synonyms.length > 0 ? { name, id, synonyms } : { name, id };
	});
	return classes === 1001 ? [{ name: backgroundName }, ...labels] : labels;
}
