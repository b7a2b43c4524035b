/** What is wrong with a command line, in one sentence: exit code 2. */
export class UsageError extends Error {}
