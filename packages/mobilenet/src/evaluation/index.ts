/**
 * The public entry `mobilenet/evaluation`: how good a network is on pictures whose classes are known, and the report; and
 * whether two models give the same outputs.
 */
export { MobileNetError } from "../base/error.ts";
export type { OnProgress, Progress } from "../base/progress.ts";
export { type Match, type MatchOptions, matchClasses } from "../labels/match.ts";
export { type CurvePoint, curvesSvg, parseCurves } from "./curves.ts";
export {
	type EvaluatedClass,
	type EvaluateOptions,
	type Evaluation,
	evaluate,
	type Mistake,
	type Unreadable,
} from "./evaluate.ts";
export {
	type ClassMetrics,
	type Confusion,
	createTally,
	type Metrics,
	type MetricsOptions,
	metricsOf,
	type ReliabilityBin,
	type Tally,
} from "./metrics.ts";
export {
	type ComparedOutputs,
	compareOutputs,
	type NamedPicture,
	type OutputDifference,
	outputTolerance,
	randomInput,
	sameOutputs,
} from "./outputs.ts";
export { type ReportOptions, reportHtml } from "./report.ts";
export { thumbnailsOf } from "./thumbnails.ts";
