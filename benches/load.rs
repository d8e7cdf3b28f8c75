//! How long natively loading a model takes: `cargo bench --bench load -- [FOLDER] [RUNS]`.
//!
//! Prints the median and the fastest of RUNS loads from bytes in memory, in milliseconds, after one that warms up. To compare
//! two versions, run their binaries in turn.

use std::time::Instant;

use litmus_text::{Classifier, ModelFiles};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // cargo adds an option of its own.
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let folder = arguments.next().unwrap_or_else(|| "models/english".into());
    let runs: usize = arguments.next().map_or(Ok(15), |runs| runs.parse())?;
    let files = ModelFiles::from_dir(folder)?;
    Classifier::from_bytes(&files)?;
    let load = |_| {
        let start = Instant::now();
        let classifier = Classifier::from_bytes(&files)?;
        let milliseconds = start.elapsed().as_secs_f64() * 1e3;
        drop(classifier);
        Ok(milliseconds)
    };
    let mut times = (0..runs.max(1)).map(load).collect::<Result<Vec<f64>, litmus_text::Error>>()?;
    times.sort_by(f64::total_cmp);
    println!("median {:.1} ms, fastest {:.1} ms, {} loads", times[times.len() / 2], times[0], times.len());
    Ok(())
}
