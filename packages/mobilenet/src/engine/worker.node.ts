/** A worker thread in Node: takes its part of the memory and serves until it is sent home. */
import { workerData } from "node:worker_threads";
import { work } from "./work.ts";

work(workerData);
