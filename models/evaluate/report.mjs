// The measurements of the same model by the training pipeline, in torch: the other heads, how well users can teach the encoder,
// and the teachers. models/train/evaluate.py writes student-report.json.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const TAUGHT = ["banking77", "clinc", "hwu64"];

/** The figures of student-report.json that the model card shows. */
export function headFigures(report) {
  const alarms = ([false_alarms, recall]) => ({ false_alarms, recall });
  const taught = (read) => Object.fromEntries(TAUGHT.map((set) => [set, report[`taught_${read}_${set}`]]));
  return {
    measured_in: "torch, with the rounding of the runtime",
    emotion: { macro_f1: report.emotion_macro_f1 },
    toxicity: {
      auc: {
        toxic_paradetox: report.toxic_auc_paradetox,
        toxic_written: report.toxic_auc_written,
        hateful_toxigen: report.hateful_auc_toxigen,
        hateful_implicit_hate: report["hateful_auc_implicit-hate"],
        hateful_hatecheck: report.hatecheck_auc,
        hateful_written: report.hateful_auc_written,
      },
      hatecheck_balanced_accuracy: report.hatecheck_balanced,
      at_threshold: { toxic: alarms(report.alarms.toxic), hateful: alarms(report.alarms.hateful) },
    },
    embedding: {
      cosine: report.embedding_cosine,
      spearman: report.embedding_spearman,
      nearest_ten: report.embedding_overlap,
    },
    taught: { features: taught("features"), embedding: taught("embedding") },
  };
}

const teacherScores = ({ scores, ...run }) => ({
  ...run,
  written_dev: scores.written_accuracy,
  sst2_dev: scores.sst2_polar,
  goemotions_dev: scores.goemotions_accuracy,
  emotion_macro_f1: scores.emotion_macro_f1,
});

/** `{ heads, training }` from WORK/student-report.json. Empty if there is none, or if it is about another model.onnx. */
export async function readReport(work, sha256) {
  const path = join(work, "student-report.json");
  if (!existsSync(path)) return {};
  const report = JSON.parse(await readFile(path, "utf8"));
  if (report.model.sha256 !== sha256) {
    console.warn(`! ${path} is about another model.onnx: heads and teachers are not taken from it`);
    return {};
  }
  const { student, ...teachers } = report.training;
  const runs = Object.entries(teachers).map(([name, run]) => [name.replace("teacher-", ""), teacherScores(run)]);
  return { heads: headFigures(report), training: { teachers: Object.fromEntries(runs), student } };
}
