/** Tar archives: those of another implementation, and hostile ones. */
import { packTar, unpackTar } from "modern-tar";
import { describe, expect, it } from "vitest";
import { MobileNetError } from "../base/error.ts";
import { type TarSource, tarEntries } from "./tar.ts";

/** An archive in memory that counts the bytes requested from it. */
function sourceOf(bytes: Uint8Array): TarSource & { readonly largest: () => number } {
	let at = 0;
	let largest = 0;
	return {
		name: "x.tar",
		take: async (length) => {
			const part = bytes.slice(at, at + length);
			at += part.length;
			largest = Math.max(largest, part.length);
			return part;
		},
		skip: async (length) => {
			const there = Math.min(length, bytes.length - at);
			at += there;
			return there;
		},
		largest: () => largest,
	};
}

interface Seen {
	readonly name: string;
	readonly size: number;
	readonly content: string;
}

async function read(bytes: Uint8Array, notes: string[] = [], most = 1000): Promise<Seen[]> {
	const seen: Seen[] = [];
	for await (const { name, size, offset, content } of tarEntries(sourceOf(bytes), most, (note) =>
		notes.push(note),
	)) {
		const text = new TextDecoder().decode(await content());
		expect(new TextDecoder().decode(bytes.subarray(offset, offset + size))).toBe(text);
		seen.push({ name, size, content: text });
	}
	return seen;
}

const file = (name: string, body: string) => ({
	header: { name, size: new TextEncoder().encode(body).length },
	body,
});

/** Overwrites a field of a header and corrects the checksum, as an attacker would. */
function forged(archive: Uint8Array, at: number, field: number, text: string): Uint8Array {
	const copy = archive.slice();
	copy.set(new TextEncoder().encode(text), at + field);
	copy.fill(32, at + 148, at + 156);
	const sum = copy.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
	copy.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), at + 148);
	return copy;
}

const two = await packTar([file("000000.jpg", "picture"), file("000000.cls", "7")]);

describe("tar archives", () => {
	it("are read like another implementation writes and reads them", async () => {
		const long = `${"very/long/".repeat(30)}名前 ☃.jpg`;
		const archive = await packTar([
			{ header: { name: "folder/", size: 0, type: "directory" } },
			file("a.jpg", "first"),
			file("empty.cls", ""),
			file(`${"d/".repeat(60)}prefixed.jpg`, "x".repeat(512)),
			file(long, "y".repeat(513)),
			{ header: { name: "link.jpg", size: 0, type: "symlink", linkname: "a.jpg" } },
			file("last.jpg", "z"),
		]);
		const theirs = (await unpackTar(archive))
			.filter(({ header }) => header.type === "file")
			.map(({ header, data }) => ({
				name: header.name,
				size: header.size,
				content: new TextDecoder().decode(data),
			}));
		const ours = await read(archive);
		expect(ours).toEqual(theirs);
		expect(ours.map(({ name }) => name)).toContain(long);
	});

	it("may have GNU's long names", async () => {
		const name = `${"n".repeat(150)}.jpg`;
		const archive = await packTar([file("././@LongLink", `${name}\0`), file("short.jpg", "content")]);
		expect(await read(forged(archive, 0, 156, "L"))).toEqual([{ name, size: 7, content: "content" }]);
	});

	it("may have a size in binary", async () => {
		const copy = forged(two, 0, 124, "\x00".repeat(12));
		copy[124] = 0x80;
		copy[135] = 7;
		const again = forged(copy, 0, 0, "000000.jpg");
		expect((await read(again))[0]).toEqual({ name: "000000.jpg", size: 7, content: "picture" });
	});

	it("end at their mark, regardless of what follows", async () => {
		const bytes = new Uint8Array(two.length + 5000);
		bytes.set(two);
		bytes.fill(0xaa, two.length);
		expect(await read(bytes)).toHaveLength(2);
		expect(await read(new Uint8Array(1 << 20))).toEqual([]);
	});

	it("without a mark are read with a note", async () => {
		const notes: string[] = [];
		expect(await read(two.subarray(0, 2048), notes)).toHaveLength(2);
		expect(notes).toEqual(["x.tar has no end mark: it may be cut short between two entries."]);
	});
});

describe("hostile archives", () => {
	const refusal = async (bytes: Uint8Array): Promise<string> => {
		const error = await read(bytes).then(
			() => undefined,
			(thrown: unknown) => thrown,
		);
		expect(error).toBeInstanceOf(MobileNetError);
		expect((error as MobileNetError).code).toBe("broken-file");
		return (error as MobileNetError).message;
	};

	const whole = [
		{ name: "000000.jpg", size: 7, content: "picture" },
		{ name: "000000.cls", size: 1, content: "7" },
	];
	it("cut at every byte are refused or noted, and never read past their end", async () => {
		for (let length = 1; length < 2048; length += 13) {
			const notes: string[] = [];
			const outcome = await read(two.subarray(0, length), notes).catch((error: unknown) => error);
			// If only padding is missing, the contents are complete.
			if (notes.length > 0)
				expect(outcome, `cut to ${length}`).toEqual(whole.slice(0, length < 1500 ? 1 : 2));
			else expect(outcome, `cut to ${length}`).toBeInstanceOf(MobileNetError);
		}
		expect(await refusal(two.subarray(0, 515))).toBe(
			'x.tar is cut short: its entry "000000.jpg" should have 7 bytes from byte 512 on, but has 3.',
		);
	});

	it("with false sizes are refused before memory is allocated for them", async () => {
		const huge = forged(two, 0, 124, "77777777777\0");
		expect(await refusal(huge)).toBe(
			'x.tar has an entry "000000.jpg" of 8589934591 bytes, but at most 1000 are read.',
		);
		const large = forged(two, 0, 124, "00000001600\0");
		const source = sourceOf(large);
		await expect(async () => {
			for await (const { content } of tarEntries(source, 1000, () => undefined)) await content();
		}).rejects.toThrow(MobileNetError);
		expect(source.largest()).toBeLessThanOrEqual(large.length);
		const endless = forged(two, 0, 124, "\xff".repeat(6));
		expect(await refusal(endless)).toMatch(/^x\.tar (says that its entry|is damaged|is no tar)/);
		expect(await refusal(forged(two, 0, 124, "-0000000017"))).toMatch(/which is impossible\.$/);
	});

	it("with entries that extend past the end are refused even if those are skipped", async () => {
		const large = forged(two, 0, 124, "00000007000\0");
		await expect(async () => {
			for await (const _ of tarEntries(sourceOf(large), 1000, () => undefined));
		}).rejects.toThrow(/^x\.tar is cut short: its entry "000000\.jpg" should have 3584 bytes/);
	});

	it("with a wrong checksum are refused", async () => {
		const copy = two.slice();
		copy[1024] = 0x41;
		expect(await refusal(copy)).toBe("x.tar is damaged at byte 1024: expected the header of an entry.");
		expect(await refusal(new Uint8Array(2048).fill(7))).toBe(
			"x.tar is not a tar archive, or its first entry is damaged.",
		);
		expect(await refusal(new Uint8Array(0))).toBe("x.tar is empty: expected a tar archive.");
	});

	it("with endless names are refused", async () => {
		const archive = await packTar([file("x", "y".repeat(2 << 20))]);
		expect(await refusal(forged(archive, 0, 156, "x"))).toBe(
			"x.tar has a name of 2097152 bytes at byte 512, but at most 1048576 are read.",
		);
	});
});
