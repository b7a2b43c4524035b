/** Pixels by the runtime's canvas, where it has one; the package is compiled without the DOM's types. */
import type { Pixels } from "./pixels.ts";

export type Canvas = new (
	width: number,
	height: number,
) => { getContext(kind: "2d", options: { readonly willReadFrequently: true }): Context | null };

interface Context {
	drawImage(picture: object, x: number, y: number, width: number, height: number): void;
	getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
}

export function canvasHere(): Canvas | undefined {
	return (globalThis as { readonly OffscreenCanvas?: Canvas }).OffscreenCanvas;
}

/** A picture as a canvas of this size shows it: RGBA. */
export function drawn(canvas: Canvas, picture: object, width: number, height: number): Pixels {
	const context = new canvas(width, height).getContext("2d", { willReadFrequently: true });
	if (!context) throw new Error("there is no canvas of that size");
	context.drawImage(picture, 0, 0, width, height);
	const { data } = context.getImageData(0, 0, width, height);
	return { data, width, height, channels: 4 };
}
