/** A process that stays busy until its parent stops it or ends. */

/** Time between checks. */
const spinMs = 50;

function spin(): void {
	const end = performance.now() + spinMs;
	while (performance.now() < end);
	setImmediate(spin);
}

process.on("disconnect", () => process.exit());
spin();
