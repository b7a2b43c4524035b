/** Augmentation as the command line spells it. */
import { MobileNetError, shown } from "../base/error.ts";
import { type Augmentation, checkAugmentation, defaultAugmentation } from "../data/augmentation.ts";

const fields = Object.keys(defaultAugmentation) as (keyof Augmentation)[];

/**
 * `default`, `none`, or what differs from the default: `flip=0,area=0.5-1,rotation=10`.
 *
 * @throws MobileNetError `usage`
 * @example
 * parseAugmentation("rotation=15,erasing=0.25").rotation // 15
 */
export function parseAugmentation(text: string): Augmentation | "none" {
	if (text === "none") return text;
	if (text === "default") return defaultAugmentation;
	const changes = text.split(",").map((part): [keyof Augmentation, number | [number, number]] => {
		const [, name, first, second] =
			/^([a-z]+)=(\d+(?:\.\d*)?|\.\d+)(?:-(\d+(?:\.\d*)?|\.\d+))?$/.exec(part.trim()) ?? [];
		const field = fields.find((field) => field === name);
		const isRange = field !== undefined && Array.isArray(defaultAugmentation[field]);
		if (field === undefined || isRange !== (second !== undefined))
			throw new MobileNetError(
				"usage",
				`the augmentation must be default, none, or what differs from the default, such as flip=0,area=0.5-1 (${fields.join(", ")}), not ${shown(text)}.`,
			);
		return [field, isRange ? [Number(first), Number(second)] : Number(first)];
	});
	const augmentation = { ...defaultAugmentation, ...(Object.fromEntries(changes) as Partial<Augmentation>) };
	checkAugmentation(augmentation);
	return augmentation;
}
