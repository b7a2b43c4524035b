import fc from "fast-check";
import { strToU8, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { MobileNetError } from "../base/error.ts";
import { unzip, zipEntries } from "./zip.ts";

const files = { "labels.txt": strToU8("tench\n".repeat(500)), "folder/b.bin": Uint8Array.of(1, 2, 3) };
const archive = zipSync({
	"labels.txt": files["labels.txt"],
	"folder/b.bin": [files["folder/b.bin"], { level: 0 }],
});
const most = () => ({ left: 10_000 });

const refused = (code: string, what: RegExp) =>
	expect.objectContaining({ code, message: expect.stringMatching(what) });

function contents(bytes: Uint8Array): Record<string, Uint8Array> | undefined {
	const entries = zipEntries(bytes, "model.bin");
	return (
		entries && Object.fromEntries(entries.map((entry) => [entry.path, new Uint8Array(unzip(entry, most()))]))
	);
}

/** The archive with bytes written over it from an offset on, or, if negative, from the end. */
function changed(offset: number, ...bytes: number[]): Uint8Array {
	const copy = archive.slice();
	copy.set(bytes, offset < 0 ? copy.length + offset : offset);
	return copy;
}

describe("zip archives", () => {
	test("give their files, stored and deflated", () => {
		expect(contents(archive)).toEqual(files);
		expect(zipEntries(archive, "model.bin")?.map(({ size, method }) => [size, method])).toEqual([
			[3000, 8],
			[3, 0],
		]);
	});

	test("appended to something else give them too, whether their offsets count from there or from the file's start", () => {
		const before = new Uint8Array(1000).fill(7);
		expect(contents(new Uint8Array([...before, ...archive]))).toEqual(files);
		const moved = new Uint8Array([...before, ...archive]);
		const view = new DataView(moved.buffer);
		const end = moved.length - 22;
		view.setUint32(end + 16, view.getUint32(end + 16, true) + 1000, true);
		for (let i = 0, at = view.getUint32(end + 16, true); i < 2; i++) {
			view.setUint32(at + 42, view.getUint32(at + 42, true) + 1000, true);
			at += 46 + view.getUint16(at + 28, true);
		}
		expect(contents(moved)).toEqual(files);
	});

	test("with zip64's records before the end, as PyTorch writes them, give them too", () => {
		// APPNOTE 4.3.14: signature, 44 bytes that follow, versions, disks; counts and places of the directory, not read here.
		const record = [0x50, 0x4b, 6, 6, 44, ...new Array<number>(51).fill(0)];
		const locator = [0x50, 0x4b, 6, 7, ...new Array<number>(16).fill(0)];
		const [before, end] = [archive.slice(0, -22), archive.slice(-22)];
		expect(contents(new Uint8Array([...before, ...record, ...locator, ...end]))).toEqual(files);
		// Without the record the locator is other bytes.
		expect(() => contents(new Uint8Array([...before, ...locator, ...end]))).toThrow("damaged");
	});

	test("with a comment are found, and other bytes are none", () => {
		const comment = new Uint8Array([...changed(-2, 5, 0), ...strToU8("hello")]);
		expect(contents(comment)).toEqual(files);
		expect(contents(new Uint8Array(0))).toBeUndefined();
		expect(contents(new Uint8Array(100_000))).toBeUndefined();
		// The signature without a comment that reaches to the end.
		expect(contents(new Uint8Array([...archive, 0]))).toBeUndefined();
	});

	test("that are damaged are refused", () => {
		const cut = archive.subarray(10);
		expect(() => contents(cut)).toThrow(refused("broken-file", /model\.bin/));
		expect(() => contents(changed(0, 0))).toThrow(refused("broken-file", /"labels\.txt".* at offset 0 /));
		expect(() => contents(changed(40, 0xff, 0xff, 0xff, 0xff))).toThrow(
			refused("broken-file", /"labels\.txt".* is damaged/),
		);
		expect(() => contents(changed(-14, 9))).toThrow(MobileNetError);
		expect(() => contents(changed(-10, 0xff, 0xff))).toThrow(
			refused("broken-file", /the zip archive's directory/),
		);
	});

	test("of other kinds are refused", () => {
		expect(() => contents(changed(-6, 0xff, 0xff, 0xff, 0xff))).toThrow(refused("unsupported", /zip64/));
		expect(() => contents(changed(-14, 0x20, 0x4e, 0x20, 0x4e))).toThrow(
			refused("unsupported", /20000 files/),
		);
		const directory = new DataView(archive.buffer, archive.byteOffset).getUint32(archive.length - 6, true);
		expect(() => contents(changed(directory + 8, 1))).toThrow(
			refused("unsupported", /"labels\.txt" is encrypted/),
		);
		expect(() => contents(changed(directory + 10, 12))).toThrow(refused("unsupported", /by method 12/));
	});

	test("whose files are longer than allowed, or than they say, are refused", () => {
		const [entry] = zipEntries(archive, "model.bin")!;
		expect(() => unzip(entry!, { left: 2999 })).toThrow(
			refused("broken-file", /3000 bytes, more than the 2999/),
		);
		expect(() => unzip({ ...entry!, size: 2999 }, most())).toThrow(
			refused("broken-file", /more bytes come out/),
		);
		expect(() => unzip({ ...entry!, size: 3001 }, most())).toThrow(
			refused("broken-file", /but 3000 came out/),
		);
		expect(() => unzip({ ...entry!, packed: entry!.packed.subarray(0, -3) }, most())).toThrow(
			refused("broken-file", /unexpected EOF/),
		);
		const bomb = zipEntries(zipSync({ bomb: new Uint8Array(20_000_000) }), "bomb")![0]!;
		expect(() => unzip({ ...bomb, size: 100 }, most())).toThrow(
			refused("broken-file", /more bytes come out/),
		);
	});

	test("with noise in them never do anything else than give files or refuse", () => {
		const noise = fc.tuple(fc.nat(archive.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }));
		fc.assert(
			fc.property(fc.array(noise, { minLength: 1, maxLength: 4 }), (changes) => {
				const copy = archive.slice();
				for (const [offset, bytes] of changes) copy.set(bytes.subarray(0, copy.length - offset), offset);
				try {
					contents(copy);
				} catch (error) {
					expect(error).toBeInstanceOf(MobileNetError);
					expect((error as Error).message).toMatch(/^[^\n]+$/);
				}
			}),
			{ numRuns: 500 },
		);
	});
});
