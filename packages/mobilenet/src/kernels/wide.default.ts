/** Outside Node V8's 256-bit pass cannot be asked for. Its twin is wide.node.ts; `#wide` picks one. */
import type { Wide } from "./wide.node.ts";

export function findWide(_asked: boolean): Wide | string {
	return "the 256-bit pass of V8 can be asked for in Node only";
}
