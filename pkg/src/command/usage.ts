/** An error in the arguments, or in a file that they name. Its message is printed as it is. */
export class UsageError extends Error {}

/** Reads the value of the option `--name`. @throws UsageError if it is no integer from `min` to `max` */
export function parseInteger(name: string, value: string, min: number, max: number): number {
  const number = Number(value);
  if (value.trim() && Number.isInteger(number) && number >= min && number <= max) return number;
  throw new UsageError(`--${name} must be an integer from ${min} to ${max}, not "${value}"`);
}

/** Reads the value of the option `--name`, if it was given. @throws UsageError if it is no number from 0 to 1 */
export function parseProbability(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (value.trim() && number >= 0 && number <= 1) return number;
  throw new UsageError(`--${name} must be a number from 0 to 1, not "${value}"`);
}

/** Reads the value of `--delimiter`, if it was given. @throws UsageError if it cannot separate cells */
export function parseDelimiter(value: string | undefined): string | undefined {
  if (value === "tab" || value === "\\t") return "\t";
  if (value === undefined || /^[^"\r\n\ufeff]$/u.test(value)) return value;
  throw new UsageError(`--delimiter must be one character that is no double quote, or "tab", not "${value}"`);
}

/** Checks the values of `--task`, beside that of `--head`. @throws UsageError if there are both, or a task is named twice */
export function checkTasks(tasks: string[], head: string | undefined): void {
  if (head !== undefined && tasks.length > 0)
    throw new UsageError("--task and --head exclude each other: leave one out");
  const repeated = tasks.find((task, i) => tasks.indexOf(task) < i);
  if (repeated !== undefined) throw new UsageError(`--task ${repeated} is given twice: leave one out`);
}
