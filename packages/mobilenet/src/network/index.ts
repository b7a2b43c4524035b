/** The public entry `mobilenet/network`: configuration, layers, cost, summary and the paper's tables. */
export { type ErrorCode, MobileNetError } from "../base/error.ts";
export {
	type Block,
	type BlockCost,
	reduction,
	separableCost,
	standardCost,
} from "./block.ts";
export {
	type Configuration,
	type ConfigurationOptions,
	configure,
	type Preset,
	presets,
} from "./configuration.ts";
export {
	type ActivationMemory,
	type Cost,
	type CostConvention,
	type CostKind,
	type CostOptions,
	cost,
	type KindCost,
	type LayerCost,
} from "./cost.ts";
export {
	type BlockOptions,
	type Layer,
	type LayerKind,
	layers,
	separableBlock,
	width,
} from "./layers.ts";
export type { ModuleRow } from "./modules.ts";
export { type GridPoint, grid } from "./paper/grid.ts";
export {
	type BodyRow,
	type KindRow,
	type ModificationRow,
	type NetworkRow,
	type PaperAndOurs,
	type PaperTable,
	type PaperTableNumber,
	type PaperTables,
	paperTable,
	paperTableNumbers,
} from "./paper/tables.ts";
export {
	type SummaryColumn,
	type SummaryOptions,
	type SummaryTable,
	type SummaryTextOptions,
	summary,
	summaryColumns,
	summaryTable,
} from "./summary.ts";
