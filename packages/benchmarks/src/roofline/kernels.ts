/**
 * Two kernels in WebAssembly's text format. `multiplyAdd` only does fused multiply-adds on registers; at the end it stores
 * the sums in adjacent pairs, which lets V8's 256-bit pass join two instructions into a wide one. `read` sums memory, to
 * measure its bandwidth.
 */

/** Independent sums, to hide the latency of multiply-adds: 12 suffice for two units with 4 or more cycles. */
const chains = 12;
const vectorBytes = 16;
const readers = 8;

/** @param width 128-bit vectors per chain: 2 for the 256-bit pass; 1 leaves gaps between them, so that the pass joins none */
export function multiplyAdd(width: 1 | 2): string {
	const apart = (vectorBytes * 2) / width;
	const sums = Array.from({ length: chains * width }, (_, i) => `$s${i}`);
	return `(module
	(memory (export "memory") 1)
	(func (export "run") (param $rounds i32) (param $to i32)
		(local $factor v128) (local $term v128) ${sums.map((sum) => `(local ${sum} v128)`).join(" ")}
		(local.set $factor (v128.load32_splat (i32.const 0)))
		(local.set $term (v128.load32_splat (i32.const 4)))
		(loop $again
			${sums.map((sum) => `(local.set ${sum} (f32x4.relaxed_madd (local.get ${sum}) (local.get $factor) (local.get $term)))`).join("\n\t\t\t")}
			(br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))
		${sums.map((sum, i) => `(v128.store offset=${i * apart} (local.get $to) (local.get ${sum}))`).join("\n\t\t")}))`;
}

/** Floating-point operations of a round of `multiplyAdd`. */
export function operationsOf(width: 1 | 2): number {
	return chains * width * 4 * 2;
}

/** Bytes that a round of `read` reads. */
export const readBytes = readers * vectorBytes;

/** @param pages of memory, 64 KB each */
export function read(pages: number): string {
	const sums = Array.from({ length: readers }, (_, i) => `$s${i}`);
	return `(module
	(memory (export "memory") ${pages})
	(func (export "run") (param $from i32) (param $end i32)
		${sums.map((sum) => `(local ${sum} v128)`).join(" ")}
		(loop $again
			${sums.map((sum, i) => `(local.set ${sum} (i32x4.add (local.get ${sum}) (v128.load offset=${i * vectorBytes} (local.get $from))))`).join("\n\t\t\t")}
			(local.set $from (i32.add (local.get $from) (i32.const ${readBytes})))
			(br_if $again (i32.lt_u (local.get $from) (local.get $end))))
		${sums.map((sum, i) => `(v128.store offset=${i * vectorBytes} (i32.const 0) (local.get ${sum}))`).join("\n\t\t")}))`;
}
