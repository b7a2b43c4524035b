/** Outside Node, V8's 256-bit pass cannot be enabled. The version for Node is wide.node.ts (`#wide`). */
import { type CompiledModule, webAssembly } from "./webassembly.ts";
import type { Wide } from "./wide.node.ts";

/** Compiles in the background: a page's main thread may not compile large modules synchronously. */
export function compile(bytes: Uint8Array): Promise<CompiledModule> {
	return webAssembly().compile(bytes);
}

export function findWide(_asked: boolean, _shared = false): Wide | string {
	return "the 256-bit pass of V8 can be enabled in Node only";
}
