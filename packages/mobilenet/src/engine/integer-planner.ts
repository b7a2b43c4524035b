/** How fully quantized models are planned. Nothing else of the engine imports the plans of integers. */

import { integers } from "./integers.ts";
import type { Planner } from "./planner.ts";
import { int8Plan } from "./plans/int8.ts";

export const integerPlanner: Planner = {
	plan: (model, options, { kernels }) =>
		int8Plan(model, { ...options, bytes: "int8ByteSeparable" in kernels }),
	prepare: integers,
};
