/** An error in the command line, in one sentence: exit code 2. */
export class UsageError extends Error {}
