// The project needs Node 24 or newer for development: Node runs its TypeScript scripts directly.
const [major] = process.versions.node.split(".").map(Number);
if (major < 24) {
	console.error(
		`this project must be built and tested with Node 24 or newer, not Node ${process.versions.node}: install Node 24 (npm installs one on Linux x64, unless optional dependencies are omitted).`,
	);
	process.exit(1);
}
