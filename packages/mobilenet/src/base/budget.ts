/**
 * What reading a file may still cost. In a damaged file a million parts can be one and the same, and a few bytes can
 * unpack to gigabytes; so a reader says before it starts how much the file's own size can explain, and takes from that.
 */

export interface Budget {
	/** In bytes; below 0 once more was asked for. */
	left: number;
}

/**
 * Takes bytes from a budget.
 *
 * @returns whether they were there; the caller says in its own words what is wrong with the file if not
 * @example
 * if (!spend(file.unpackable, size)) refuse(file, `${path} would unpack to ${size} bytes`)
 */
export function spend(budget: Budget, bytes: number): boolean {
	budget.left -= bytes;
	// Not "below 0": a size that is no number is too much, too.
	return budget.left >= 0;
}
