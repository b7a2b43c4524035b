/**
 * The sixteen published networks, four widths by four resolutions (Howard and others 2017, figures 4 and 5): what each
 * costs and how accurate Google's checkpoint is. Use it to choose a size.
 */
import { configure } from "../configuration.ts";
import { cost } from "../cost.ts";
import { checkpointsPrinted } from "./published.ts";

export interface GridPoint {
	/** Width multiplier: 1, 0.75, 0.5 or 0.25. */
	readonly alpha: number;
	/** Width and height of the input in pixels: 224, 192, 160 or 128. */
	readonly size: number;
	/** As `cost` counts them, for 1000 classes. */
	readonly parameters: number;
	/** As `cost` counts them by the convention `paper`, for one picture and 1000 classes. */
	readonly multAdds: number;
	/** Accuracy of Google's checkpoint on ImageNet's validation set, 0 to 1, as published. */
	readonly top1: number;
	/** How often the right class is among the five most probable, likewise. */
	readonly top5: number;
}

const classes = 1000;

/**
 * All sixteen networks, from wide to narrow and within a width from large to small. Accuracies are the published ones
 * (https://github.com/tensorflow/models, research/slim/nets/mobilenet_v1.md: ILSVRC-2012 validation, one central crop).
 *
 * @example
 * grid().filter(({ multAdds }) => multAdds < 100e6)[0] // α 0.5, 160 pixels: top1 0.591
 */
export function grid(): readonly GridPoint[] {
	return checkpointsPrinted.map(([alpha, size, top1, top5]) => {
		const { parameters, multAdds } = cost(configure({ alpha, size, classes }));
		return { alpha, size, parameters, multAdds, top1, top5 };
	});
}
