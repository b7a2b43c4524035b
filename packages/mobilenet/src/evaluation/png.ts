/**
 * Pixels as a PNG file, the same in every runtime: for pictures that are shown in reports. Every row is filtered by
 * Paeth's predictor, which suits photographs.
 *
 * Source: W3C 2003, "Portable Network Graphics (PNG) Specification (Second Edition)".
 */
import { zlibSync } from "fflate";
import { MobileNetError } from "../base/error.ts";
import { checkPixels, type Pixels } from "../image/pixels.ts";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** By channels: gray, gray and alpha, RGB, RGBA. */
const colorTypes: Readonly<Record<number, number>> = { 1: 0, 2: 4, 3: 2, 4: 6 };
const paethFilter = 4;
const checksums = checksumTable();

/**
 * The bytes of a PNG file.
 *
 * @param pixels of 1 to 4 channels
 * @throws MobileNetError `picture` if these are not such pixels
 * @example
 * await writeFile("red.png", encodePng({ data: Uint8Array.of(255, 0, 0), width: 1, height: 1, channels: 3 }));
 */
export function encodePng(pixels: Pixels): Uint8Array {
	checkPixels(pixels);
	const { width, height, channels } = pixels;
	const colorType = colorTypes[channels];
	if (colorType === undefined)
		throw new MobileNetError("picture", `a PNG file has 1 to 4 channels, not ${channels}.`);
	const header = new Uint8Array(13);
	const view = new DataView(header.buffer);
	view.setUint32(0, width);
	view.setUint32(4, height);
	// Eight bits a channel; the rest are the only methods there are, and no interlacing.
	header.set([8, colorType, 0, 0, 0], 8);
	const parts = [
		Uint8Array.from(signature),
		chunk("IHDR", header),
		chunk("IDAT", zlibSync(filtered(pixels))),
		chunk("IEND", new Uint8Array(0)),
	];
	const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let offset = 0;
	for (const part of parts) {
		file.set(part, offset);
		offset += part.length;
	}
	return file;
}

/** Rows with the filter's number before each, every byte minus what its neighbors predict. */
function filtered({ data, width, height, channels }: Pixels): Uint8Array {
	const length = width * channels;
	const rows = new Uint8Array((length + 1) * height);
	let to = 0;
	for (let y = 0; y < height; y++) {
		rows[to++] = paethFilter;
		for (let i = 0; i < length; i++) {
			const at = y * length + i;
			const left = i < channels ? 0 : data[at - channels]!;
			const above = y === 0 ? 0 : data[at - length]!;
			const corner = y === 0 || i < channels ? 0 : data[at - length - channels]!;
			rows[to++] = data[at]! - paeth(left, above, corner);
		}
	}
	return rows;
}

/** Of the three neighbors the one nearest to left + above − corner. */
function paeth(left: number, above: number, corner: number): number {
	const fromLeft = Math.abs(above - corner);
	const fromAbove = Math.abs(left - corner);
	const fromCorner = Math.abs(left + above - 2 * corner);
	if (fromLeft <= fromAbove && fromLeft <= fromCorner) return left;
	return fromAbove <= fromCorner ? above : corner;
}

/** Length, type, data, and the checksum of type and data. */
function chunk(type: string, data: Uint8Array): Uint8Array {
	const bytes = new Uint8Array(12 + data.length);
	const view = new DataView(bytes.buffer);
	view.setUint32(0, data.length);
	for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
	bytes.set(data, 8);
	view.setUint32(8 + data.length, checksum(bytes.subarray(4, 8 + data.length)));
	return bytes;
}

/** CRC-32. */
function checksum(bytes: Uint8Array): number {
	let sum = 0xffffffff;
	for (const byte of bytes) sum = checksums[(sum ^ byte) & 0xff]! ^ (sum >>> 8);
	return (sum ^ 0xffffffff) >>> 0;
}

function checksumTable(): Uint32Array {
	return Uint32Array.from({ length: 256 }, (_, n) => {
		let sum = n;
		for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? 0xedb88320 ^ (sum >>> 1) : sum >>> 1;
		return sum;
	});
}
