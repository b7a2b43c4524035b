/** Text tables, and lists of classes in them. */
import { describe, expect, it } from "vitest";
import { columnOf, labelOf, parseClasses, parseTable } from "./tables.ts";

describe("a table", () => {
	it.each(["\t", ",", ";"])("may be separated by %j", (delimiter) => {
		const text = `File${delimiter}label\r\na b.jpg${delimiter}cat\r\n`;
		const table = parseTable(text, "list.csv");
		expect(table).toEqual({ columns: ["file", "label"], rows: [{ line: 2, cells: ["a b.jpg", "cat"] }] });
		expect(columnOf(table, ["path", "file"])).toBe(0);
		expect(columnOf(table, ["index"])).toBe(-1);
	});

	it("counts lines with empty and quoted ones", () => {
		const text = '\uFEFFfile,label\n\n"a\nb.jpg","x, ""y"""\nc.jpg,z\n';
		expect(parseTable(text, "list.csv").rows).toEqual([
			{ line: 3, cells: ["a\nb.jpg", 'x, "y"'] },
			{ line: 5, cells: ["c.jpg", "z"] },
		]);
	});

	it("keeps commas and quotation marks of tab-separated cells", () => {
		const { rows } = parseTable('file\tlabel\nx.jpg\tcash machine, 3.5" disk\n', "labels.tsv");
		expect(rows[0]!.cells).toEqual(["x.jpg", 'cash machine, 3.5" disk']);
	});

	it("says which line is wrong", () => {
		expect(() => parseTable("file,label\na.jpg,cat\nb.jpg\n", "list.csv")).toThrow(
			"list.csv, line 3: expected 2 cells as in the header, but found 1.",
		);
		expect(() => parseTable('file,label\n"a.jpg,cat\nb.jpg,dog\n', "list.csv")).toThrow(
			"list.csv, line 2: a quoted cell is not closed properly.",
		);
		expect(() => parseTable("  \n", "list.csv")).toThrow("list.csv is empty: expected a header and rows.");
	});
});

describe("classes", () => {
	it("are named by the first of their words", () => {
		expect(
			parseClasses(
				"index\twnid\twords\tilsvrc_index\n1\tn2\tcat\t5\n0\tn1\tgoldfish, Carassius auratus\t1\n",
				"c",
			),
		).toEqual([
			{ name: "goldfish", id: "n1", synonyms: ["Carassius auratus"] },
			{ name: "cat", id: "n2" },
		]);
		expect(labelOf(" , ", "n7")).toEqual({ name: "n7", id: "n7" });
	});

	it("must count from 0 without gaps", () => {
		expect(() => parseClasses("index\twnid\n0\ta\n2\tb\n", "classes.tsv")).toThrow(
			'classes.tsv, line 3: expected the number of a class, a whole number from 0 to 1, but found "2".',
		);
		expect(() => parseClasses("index\twnid\n0\ta\n0\tb\n", "classes.tsv")).toThrow(
			"classes.tsv, line 3: the class 0 occurs twice.",
		);
		expect(() => parseClasses("number\twnid\n0\ta\n", "classes.tsv")).toThrow(
			"classes.tsv: expected the columns index, wnid and words, but found number, wnid.",
		);
	});
});
