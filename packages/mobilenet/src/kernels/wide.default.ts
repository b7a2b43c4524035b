/** Outside Node V8's 256-bit pass cannot be asked for. Its twin is wide.node.ts; `#wide` picks one. */
import { type CompiledModule, webAssembly } from "./webassembly.ts";
import type { Wide } from "./wide.node.ts";

/** Compiles in the background: a page's own thread may not compile much at once. */
export function compile(bytes: Uint8Array): Promise<CompiledModule> {
	return webAssembly().compile(bytes);
}

export function findWide(_asked: boolean, _shared = false): Wide | string {
	return "the 256-bit pass of V8 can be asked for in Node only";
}
