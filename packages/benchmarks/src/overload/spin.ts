/** A process that is busy until the one that started it ends it, or is gone. */

/** So long it does not look. */
const spinMs = 50;

function spin(): void {
	const end = performance.now() + spinMs;
	while (performance.now() < end);
	setImmediate(spin);
}

process.on("disconnect", () => process.exit());
spin();
