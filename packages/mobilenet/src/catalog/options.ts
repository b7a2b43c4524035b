import type { WeightOptions } from "./place.ts";

/** How weights are had by name. */
export type NameOptions = Pick<WeightOptions, "endpoint" | "token" | "offline">;
