/** Formats text in columns: the first aligned left, the others right. */
export function table(rows: readonly (readonly string[])[]): string {
	const columns = Math.max(...rows.map((row) => row.length));
	const widths = Array.from({ length: columns }, (_, i) =>
		Math.max(...rows.map((row) => row[i]?.length ?? 0)),
	);
	return rows
		.map((row) =>
			row
				.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
				.join("  ")
				.trimEnd(),
		)
		.join("\n");
}
