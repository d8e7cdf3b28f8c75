import { LitmusError } from "../shared/errors.js";
import type { ClassifierOptions } from "../shared/model-types.js";

const PACKAGED_NAMES: unknown[] = ["english", "multilingual", "litmus-text/multilingual"];

/** The remedy for callers of the package: the command has another one. */
const REMEDY = ': import { multilingual } from "litmus-text/multilingual" and pass that; English is the default';

/** The error of a load, with the remedy if `model` is the name of a packaged model and there is no folder at that path. */
export const explainPackagedName = (error: LitmusError, { model }: ClassifierOptions): LitmusError =>
  error.code === "model-not-found" && PACKAGED_NAMES.includes(model)
    ? new LitmusError(error.code, error.message + REMEDY, error)
    : error;
