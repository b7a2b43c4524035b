/** The script of a worker thread in Node: serves until it is stopped. */
import { workerData } from "node:worker_threads";
import { work } from "./work.ts";

work(workerData);
