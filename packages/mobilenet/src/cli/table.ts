/** Aligned text tables: columns as wide as their widest cell, two spaces between them, no color. */

export interface Column {
	readonly title: string;
	/** Numbers are aligned right. */
	readonly align?: "left" | "right";
}

/**
 * A table with a heading and a line under it, ending with a line break.
 *
 * @example
 * table([{ title: "layer" }, { title: "weights", align: "right" }], [["stem", "864"]])
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
	const cells = rows.map((row) => columns.map((_, i) => printable(row[i] ?? "")));
	const widths = columns.map(({ title }, i) =>
		cells.reduce((width, row) => Math.max(width, length(row[i] ?? "")), length(title)),
	);
	const line = (row: readonly string[]): string => {
		const padded = columns.map(({ align }, i) => {
			const cell = row[i] ?? "";
			const space = " ".repeat((widths[i] ?? 0) - length(cell));
			return align === "right" ? space + cell : cell + space;
		});
		return `${padded.join("  ").trimEnd()}\n`;
	};
	return [
		line(columns.map(({ title }) => title)),
		line(widths.map((width) => "─".repeat(width))),
		...cells.map(line),
	].join("");
}

/** Names of files and labels come from outside: what would move a terminal's cursor is shown as a box. */
export function printable(text: string): string {
	return text.replaceAll(/\p{Cc}/gu, "\u{fffd}");
}

/** Characters, not UTF-16 units; combining marks take no space. */
function length(text: string): number {
	return [...text.replaceAll(/\p{M}/gu, "")].length;
}

/** `1,234,567`. */
export function grouped(value: number): string {
	return value.toLocaleString("en-US");
}

/** A share from 0 to 1 as `94.86 %`. */
export function percent(share: number, decimals = 2): string {
	return `${(100 * share).toFixed(decimals)} %`;
}
