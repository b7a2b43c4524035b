/** Types for the part of the WebAssembly interface that is used here: the project compiles without a browser's types. */

export interface CompiledModule {
	readonly [Symbol.toStringTag]: string;
}

interface WebAssemblyInterface {
	readonly validate: (bytes: Uint8Array) => boolean;
	readonly compile: (bytes: Uint8Array) => Promise<CompiledModule>;
	readonly Module: new (bytes: Uint8Array) => CompiledModule;
	readonly Memory: new (descriptor: {
		initial: number;
		maximum: number;
		shared?: boolean;
	}) => { readonly buffer: ArrayBuffer };
	readonly Instance: new (
		module: CompiledModule,
		imports: Record<string, Record<string, unknown>>,
	) => { readonly exports: Readonly<Record<string, unknown>> };
}

/** WebAssembly, or undefined if the platform has none. */
export function findWebAssembly(): WebAssemblyInterface | undefined {
	return (globalThis as { WebAssembly?: WebAssemblyInterface }).WebAssembly;
}

/** WebAssembly, for callers that hold a compiled module and so know that it exists. */
export function webAssembly(): WebAssemblyInterface {
	return findWebAssembly()!;
}
