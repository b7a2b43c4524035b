// The project is developed on Node 24 or newer: its scripts are TypeScript that Node runs as it is.
const [major] = process.versions.node.split(".").map(Number);
if (major < 24) {
	console.error(
		`this project is built and tested with Node 24 or newer, and this is Node ${process.versions.node}: install Node 24 (npm brings one by itself on Linux x64, unless optional dependencies are left out).`,
	);
	process.exit(1);
}
