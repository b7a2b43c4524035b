/** Data sets from real folders, lists and shards, and from those that a person gets wrong. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar, unpackTar } from "modern-tar";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDataset } from "../../src/data/datasets.node.ts";
import { MobileNetError, type OpenOptions } from "../../src/data/index.ts";
import { decode } from "../../src/image/decode.node.ts";
import { describeWithShared, shared } from "../support/shared.ts";

/** The smallest GIF: one pixel. */
const gif = Buffer.from("R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=", "base64");

let folder: string;
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), "mobilenet-data-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let made = 0;
/** Writes files, by their paths, into a folder of their own. */
async function files(contents: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
	const root = join(folder, `case ${made++}`);
	await mkdir(root);
	for (const [path, content] of Object.entries(contents)) {
		await mkdir(path.endsWith("/.") ? join(root, path) : join(root, path, ".."), { recursive: true });
		if (!path.endsWith("/.")) await writeFile(join(root, path), content);
	}
	return root;
}

async function refusal(location: string | readonly string[], options?: OpenOptions): Promise<MobileNetError> {
	const error = await openDataset(location, options).then(
		() => undefined,
		(thrown: unknown) => thrown,
	);
	expect(error).toBeInstanceOf(MobileNetError);
	expect((error as MobileNetError).message).toMatch(/^[^\n]*\.$/);
	return error as MobileNetError;
}

describe("class folders", () => {
	it("may have names with spaces, 中文 and emoji, and pictures deep below", async () => {
		const root = await files({
			"sea lion/a b.GIF": gif,
			"sea lion/deep/er/c.gif": gif,
			"中文/图.gif": gif,
			"🦀/crab 🦀.gif": gif,
			"🦀/notes.txt": "no picture",
			".git/x.gif": gif,
			"__MACOSX/x.gif": gif,
			"n01440764/._x.gif": gif,
			"n01440764/x.gif": gif,
		});
		const notes: string[] = [];
		const dataset = await openDataset(root, { onNote: (note) => notes.push(note) });
		expect(dataset.classes).toEqual([
			{ name: "n01440764", id: "n01440764" },
			{ name: "sea lion" },
			{ name: "中文" },
			{ name: "🦀" },
		]);
		expect([...dataset.labels]).toEqual([0, 1, 1, 2, 3]);
		expect(dataset.nameOf(4)).toBe(join(root, "🦀", "crab 🦀.gif"));
		expect(Buffer.from((await dataset.read(2)) as Uint8Array).equals(gif)).toBe(true);
		expect(notes).toEqual([]);
	});

	it("may have symbolic links, and circles of them end", async () => {
		const root = await files({ "a/x.gif": gif, "b/y.gif": gif, "elsewhere/.": "" });
		await symlink(root, join(root, "a", "loop"));
		await symlink(join(root, "b"), join(root, "b", "self"));
		await symlink(join(root, "nowhere"), join(root, "b", "broken.gif"));
		await symlink(join(root, "a", "x.gif"), join(root, "b", "link.gif"));
		const dataset = await openDataset(root);
		expect(dataset.classes.map(({ name }) => name)).toEqual(["a", "b"]);
		// Those that the circles lead to are not taken again, nor for another class.
		expect(
			Array.from(dataset.labels.keys(), (index) => dataset.nameOf(index).slice(root.length + 1)),
		).toEqual(["a/x.gif", "b/broken.gif", "b/link.gif", "b/y.gif"].map((path) => join(path)));
		const broken = dataset.labels.findIndex((_, i) => dataset.nameOf(i).endsWith("b/broken.gif"));
		await expect(dataset.read(broken)).rejects.toThrow(
			/broken\.gif cannot be read: there is no such file\.$/,
		);
	});

	it("without pictures are named and left out", async () => {
		const root = await files({ "a/x.gif": gif, "b/y.gif": gif, "empty/.": "", "no pictures/readme.txt": "" });
		const notes: string[] = [];
		const dataset = await openDataset(root, { onNote: (note) => notes.push(note) });
		expect(dataset.classes.map(({ name }) => name)).toEqual(["a", "b"]);
		expect(notes).toEqual([
			`The class folders "empty", "no pictures" of ${root} hold no pictures: these classes are left out.`,
		]);
	});

	it("beside loose pictures are taken alone, with a note", async () => {
		const root = await files({ "a/x.gif": gif, "b/y.gif": gif, "loose.gif": gif });
		const notes: string[] = [];
		expect((await openDataset(root, { onNote: (note) => notes.push(note) })).labels).toHaveLength(2);
		expect(notes).toEqual([`A picture in ${root} is in no class folder and is left out: loose.gif.`]);
	});

	it("must be two, but for evaluation", async () => {
		const root = await files({ "only/x.gif": gif, "empty/.": "" });
		expect((await refusal(root)).message).toBe(
			`${root} has pictures of one class only, "only", but at least two are needed; "empty" has no pictures: add a folder with pictures of another class.`,
		);
		expect((await openDataset(root, { oneClass: true })).labels).toHaveLength(1);
	});

	it("that are parts of a data set are recognized", async () => {
		const root = await files({ "train/a/x.gif": gif, "val/a/y.gif": gif });
		expect((await refusal(root)).message).toBe(
			`${root} holds train and val, which are parts of a data set, not classes: give ${join(root, "train")}.`,
		);
	});

	it("that are not there are missed in one sentence", async () => {
		const empty = await files({});
		expect(await refusal(empty)).toMatchObject({
			code: "not-found",
			message: `the folder ${empty} holds no pictures: expected a folder for each class, with pictures in it.`,
		});
		const loose = await files({ "x.gif": gif });
		expect((await refusal(loose)).message).toContain("holds pictures but no class folders with pictures");
		const nowhere = join(folder, "nowhere");
		expect(await refusal(nowhere)).toMatchObject({
			code: "not-found",
			message: `${nowhere} cannot be read: there is no such file.`,
		});
		expect((await refusal(join(empty, "*.tar"))).message).toBe(`no file matches ${join(empty, "*.tar")}.`);
		expect((await refusal([])).message).toMatch(/^give the pictures/);
		expect((await refusal(join(loose, "x.gif"))).message).toContain("is not a data set: expected a folder");
		expect((await refusal([loose, empty])).message).toContain("cannot be one data set");
	});

	it("are not looked for where pictures have no labels", async () => {
		const root = await files({ "x.gif": gif, "deep/y.gif": gif });
		const dataset = await openDataset(root, { unlabeled: true });
		expect(dataset.classes).toEqual([]);
		expect([...dataset.labels]).toEqual([-1, -1]);
		expect((await openDataset(join(root, "x.gif"), { unlabeled: true })).labels).toHaveLength(1);
		expect((await openDataset(join(root, "**/*.gif"), { unlabeled: true })).labels).toHaveLength(2);
		expect((await refusal(await files({}), { unlabeled: true })).message).toContain("holds no pictures");
	});

	it("stop being opened when the signal is aborted", async () => {
		const root = await files({ "a/x.gif": gif, "b/y.gif": gif });
		await expect(openDataset(root, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
			"enough",
		);
	});
});

describe("lists", () => {
	it("have classes in the order of their names, and paths of their own folder", async () => {
		const root = await files({
			"lists/all.csv": 'path,class\n../a b.gif,zebra\n../c.gif,"ant, emmet"\n../a b.gif,zebra\n',
			"a b.gif": gif,
			"c.gif": gif,
		});
		const dataset = await openDataset(join(root, "lists", "all.csv"));
		expect(dataset.classes).toEqual([{ name: "ant", synonyms: ["emmet"] }, { name: "zebra" }]);
		expect([...dataset.labels]).toEqual([1, 0, 1]);
		expect(dataset.nameOf(0)).toBe(join(root, "a b.gif"));
	});

	it("may number their classes, name them by WordNet ids, or both", async () => {
		const root = await files({
			"numbers.csv": "file;label\nx.gif;2\nx.gif;0\n",
			"both.tsv": "file\tindex\twnid\tlabel\nx.gif\t1\tn02\tcat, puss\nx.gif\t0\tn01\tdog\n",
			"ids.csv": "image,wnid,label\nx.gif,n02,cat\nx.gif,n01,dog\n",
			"x.gif": gif,
		});
		const notes: string[] = [];
		const numbers = await openDataset(join(root, "numbers.csv"), { onNote: (note) => notes.push(note) });
		expect(numbers.classes).toEqual(["0", "1", "2"].map((name) => ({ name })));
		expect([...numbers.labels]).toEqual([2, 0]);
		expect(notes).toHaveLength(1);
		expect((await openDataset(join(root, "both.tsv"))).classes).toEqual([
			{ name: "dog", id: "n01" },
			{ name: "cat", id: "n02", synonyms: ["puss"] },
		]);
		const ids = await openDataset(join(root, "ids.csv"));
		expect(ids.classes).toEqual([
			{ name: "dog", id: "n01" },
			{ name: "cat", id: "n02" },
		]);
		expect([...ids.labels]).toEqual([1, 0]);
	});

	it("that are wrong are refused with the line", async () => {
		const root = await files({
			"nofile.csv": "name,label\nx.gif,a\n",
			"nolabel.csv": "file,size\nx.gif,3\n",
			"negative.csv": "file,index\nx.gif,0\nx.gif,-1\n",
			"empty.csv": "file,label\n",
			"unnamed.csv": "file,label\nx.gif,a\nx.gif,\n",
			"one.csv": "file,label\nx.gif,a\nx.gif,a\n",
			"gone.csv": "file,label\nnot.gif,a\nthere.gif,b\n",
			"x.gif": gif,
		});
		const said = async (name: string): Promise<string> =>
			(await refusal(join(root, name))).message.replaceAll(`${root}/`, "");
		expect(await said("nofile.csv")).toBe(
			'nofile.csv: expected a header with a column file (or path, image, filename), but found "name", "label".',
		);
		expect(await said("nolabel.csv")).toBe(
			'nolabel.csv: expected a column label (or class, index, wnid), but found "file", "size".',
		);
		expect(await said("negative.csv")).toBe(
			'negative.csv, line 3: expected the number of a class, a whole number from 0 to 999999, but found "-1".',
		);
		expect(await said("empty.csv")).toBe("empty.csv has no rows after its header: expected one per picture.");
		expect(await said("unnamed.csv")).toBe("unnamed.csv, line 3: the class of the picture is missing.");
		expect(await said("one.csv")).toContain('one class only, "a"');
		expect(await said("gone.csv")).toBe(
			"gone.csv, line 2: the file not.gif does not exist, and neither does any other in the list; paths are relative to the list's folder.",
		);
		expect(await said("not there.csv")).toBe("not there.csv cannot be read: there is no such file.");
	});
});

describe("shards", () => {
	const entry = (name: string, body: string | Uint8Array) => ({
		header: { name, size: Buffer.from(body).length },
		body,
	});
	const sample = (key: string, label: string) => [entry(`${key}.gif`, gif), entry(`${key}.cls`, label)];

	it("of a folder are those for training, unless there are none", async () => {
		const [one, two] = [
			await packTar([...sample("0", "0"), ...sample("1", "1")]),
			await packTar([...sample("2", "1"), ...sample("3", "0"), ...sample("4", "1")]),
		];
		const root = await files({
			"train-0.tar": one,
			"train-1.tar.gz": gzipSync(two),
			"val-0.tar": one,
			"classes.tsv": "index\twnid\twords\n0\tn0\tdog, hound\n1\tn1\tcat\n",
			"valid/val-0.tar": one,
			"valid/val-1.tgz": gzipSync(two),
		});
		const dataset = await openDataset(root);
		expect([...dataset.labels]).toEqual([0, 1, 1, 0, 1]);
		expect(dataset.classes).toEqual([
			{ name: "dog", id: "n0", synonyms: ["hound"] },
			{ name: "cat", id: "n1" },
		]);
		expect(dataset.nameOf(3)).toBe(`${join(root, "train-1.tar.gz")}: 3.gif`);
		for (const index of dataset.labels.keys())
			expect(Buffer.from((await dataset.read(index)) as Uint8Array).equals(gif)).toBe(true);
		await dataset.close();
		const valid = await openDataset(join(root, "valid"));
		expect(valid.labels).toHaveLength(5);
		expect(valid.classes).toEqual([{ name: "0" }, { name: "1" }]);
		expect((await openDataset(join(root, "train-*"))).labels).toHaveLength(5);
		expect(
			(await openDataset([join(root, "val-0.tar"), join(root, "valid", "val-1.tgz")])).labels,
		).toHaveLength(5);
	});

	it("may have pictures without a class, and none need one where there are no labels", async () => {
		const root = await files({
			"x.tar": await packTar([...sample("0", "0"), ...sample("1", "1"), entry("2.gif", gif)]),
			"y.tar": await packTar([entry("2.gif", gif)]),
		});
		const notes: string[] = [];
		const dataset = await openDataset(join(root, "x.tar"), { onNote: (note) => notes.push(note) });
		expect(dataset.labels).toHaveLength(2);
		expect(notes).toEqual([`A picture of ${join(root, "x.tar")} has no class and is left out.`]);
		expect((await refusal(join(root, "y.tar"))).message).toContain("none of 1 pictures has a class");
		expect((await openDataset(join(root, "x.tar"), { unlabeled: true })).labels).toHaveLength(3);
	});

	it("that are broken are refused in one sentence", async () => {
		const good = await packTar([...sample("0", "0"), ...sample("1", "1")]);
		const bomb = new Uint8Array(2 ** 28);
		bomb.set(good.subarray(0, 2048));
		// A header that says: a picture of as much as is read of one at most, and then zeros.
		const large = (await packTar([entry("zeros.gif", new Uint8Array(2 ** 27))])).subarray(0, 2 ** 27);
		const root = await files({
			"cut.tar": good.subarray(0, 530),
			"cut.tar.gz": gzipSync(good).subarray(0, 90),
			"text.tar": "this is no archive ".repeat(100),
			"empty.tar": "",
			"zeros.tar": new Uint8Array(1 << 20),
			"bomb.tar.gz": gzipSync(large),
			"label.tar": await packTar([...sample("0", "0"), ...sample("1", "cat")]),
			"one.tar": await packTar([...sample("0", "3"), ...sample("1", "3")]),
			"named/large.tar": await packTar([...sample("0", "0"), ...sample("1", "9")]),
			"named/classes.tsv": "index\twnid\n0\ta\n1\tb\n",
		});
		const said = async (name: string): Promise<string> =>
			(await refusal(join(root, name))).message.replaceAll(`${root}/`, "");
		expect(await said("cut.tar")).toBe(
			'cut.tar is cut short: its entry "0.gif" should have 35 bytes from byte 512 on, but has 18.',
		);
		expect(await said("cut.tar.gz")).toMatch(
			/^cut\.tar\.gz cannot be unpacked \(.*\): it is damaged or cut short\.$/,
		);
		expect(await said("text.tar")).toBe("text.tar is not a tar archive, or its first entry is damaged.");
		expect(await said("empty.tar")).toBe("empty.tar is empty: expected a tar archive.");
		expect(await said("zeros.tar")).toContain("there are no pictures: expected");
		expect(await said("label.tar")).toBe(
			'label.tar: 1.cls must contain the number of a class from 0 to 999999, not "cat".',
		);
		expect(await said("named/large.tar")).toContain(
			'must contain the number of a class from 0 to 1, not "9"',
		);
		expect(await said("one.tar")).toContain("pictures of one class only, number 3");
		const before = process.memoryUsage().rss;
		expect(await said("bomb.tar.gz")).toBe(
			"bomb.tar.gz unpacks to more than 200 times its size, which pictures never do: it is damaged or malicious.",
		);
		expect(process.memoryUsage().rss - before).toBeLessThan(400e6);
	});
});

describeWithShared(
	"real data",
	["data/tiny-imagenet-20", "data/flowers", "data/ilsvrc_val_227", "data/photos"],
	() => {
		it("is read from gzipped shards in any order as another implementation reads it front to back", async () => {
			const dataset = await openDataset(shared("data/tiny-imagenet-20"));
			expect(dataset.labels).toHaveLength(4000);
			expect(dataset.classes).toHaveLength(20);
			expect(dataset.classes[0]).toEqual({
				name: "goldfish",
				id: "n01443537",
				synonyms: ["Carassius auratus"],
			});
			const counts = new Map<number, number>();
			for (const label of dataset.labels) counts.set(label, (counts.get(label) ?? 0) + 1);
			expect([...counts.values()]).toEqual(new Array(20).fill(200));
			const stream = new Blob([await readFile(shared("data/tiny-imagenet-20/train-0001.tar.gz"))])
				.stream()
				.pipeThrough(new DecompressionStream("gzip"));
			const theirs = await unpackTar(stream as ReadableStream<Uint8Array>);
			for (const sample of [1999, 0, 1234]) {
				const [picture, label] = [theirs[2 * sample]!, theirs[2 * sample + 1]!];
				expect(dataset.nameOf(2000 + sample)).toContain(picture.header.name);
				expect(Buffer.from((await dataset.read(2000 + sample)) as Uint8Array).equals(picture.data!)).toBe(
					true,
				);
				expect(String(dataset.labels[2000 + sample])).toBe(new TextDecoder().decode(label.data));
			}
			await dataset.close();
		});

		it("is read where it lies in a plain shard", async () => {
			const dataset = await openDataset(shared("data/tiny-imagenet-20/val-0000.tar"));
			expect(dataset.labels).toHaveLength(500);
			const theirs = await unpackTar(await readFile(shared("data/tiny-imagenet-20/val-0000.tar")));
			for (const sample of [499, 0, 250])
				expect(
					Buffer.from((await dataset.read(sample)) as Uint8Array).equals(theirs[2 * sample]!.data!),
				).toBe(true);
			await dataset.close();
		});

		it("is read from class folders", async () => {
			const dataset = await openDataset(shared("data/flowers/train"));
			expect(dataset.classes.map(({ name }) => name)).toEqual(
				(await readdir(shared("data/flowers/train"))).sort(),
			);
			expect(dataset.labels).toHaveLength(500);
			expect((await refusal(shared("data/flowers"))).message).toContain("parts of a data set");
		});

		it("is read from lists", async () => {
			const notes: string[] = [];
			const imagenet = await openDataset(shared("data/ilsvrc_val_227/labels.tsv"), {
				onNote: (note) => notes.push(note),
			});
			expect(imagenet.labels).toHaveLength(500);
			expect(imagenet.labels[0]).toBe(480);
			expect(imagenet.classes[480]).toMatchObject({ name: "cash machine" });
			expect(notes).toHaveLength(1);
			const photos = await openDataset(shared("data/photos/labels.tsv"));
			expect(photos.classes[258]).toEqual({ name: "Samoyed", synonyms: ["Samoyede"] });
			const bytes = (await photos.read(0)) as Uint8Array;
			expect((await decode(bytes, { name: photos.nameOf(0) })).width).toBeGreaterThan(100);
		});
	},
);
