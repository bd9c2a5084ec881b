//! The results as fractions of what the machine can do, compared with the previous run.

use std::{collections::BTreeMap, fs, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::load::Report;

/// The least difference between two runs on a machine with other load.
const LEAST_NOISE: f64 = 0.1;

/// The ceiling of webhooks: the same work for each request, without a database.
pub(crate) const CEILING: &str = "bare poem: verify, parse, push to Redis";

/// The ceiling of commands and lists.
pub(crate) const COMMANDS_CEILING: &str = "bare poem: parse and answer an order";

/// The load of a ceiling that was not measured at a figure's own.
const USUAL_LOAD: &str = "64";

/// Figures by name and load.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results(BTreeMap<String, Figure>);

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Figure {
    per_second: f64,
    /// The spread of its rounds, as a fraction of it.
    noise: f64,
}

impl Results {
    /// Prints the line of a report, and records it.
    pub(crate) fn tell(&mut self, report: Report, name: &str, load: &str) {
        let figure = Figure { per_second: report.rate(), noise: noise(&report.rounds).max(LEAST_NOISE) };
        self.0.insert(key(name, load), figure);
        println!("{}", report.line(name, load));
    }

    /// Prints the table of ratios and what became slower by more than the noise of either run, and stores the figures;
    /// those not measured this time stay.
    pub(crate) fn end(self) {
        let mut kept: Self =
            fs::read(path()).ok().and_then(|old| serde_json::from_slice(&old).ok()).unwrap_or_default();
        for line in self.ratios().into_iter().chain(self.slower_than(&kept)) {
            println!("{line}");
        }
        kept.0.extend(self.0);
        fs::create_dir_all(path().parent().unwrap()).unwrap();
        fs::write(path(), serde_json::to_string_pretty(&kept).unwrap() + "\n").unwrap();
    }

    fn ratios(&self) -> Vec<String> {
        let share = |(key, figure): (&String, &Figure)| {
            let (name, load) = key.split_once(", load ")?;
            let ceiling =
                if name.starts_with("GET ") || name.starts_with("POST ") { COMMANDS_CEILING } else { CEILING };
            if name == ceiling || name == COMMANDS_CEILING {
                return None;
            }
            let at = |load: &str| self.0.get(&self::key(ceiling, load));
            let most = at(load).or_else(|| at(USUAL_LOAD))?;
            Some(format!("{name:<42} {load:>8} {:>9.3} of {ceiling}", figure.per_second / most.per_second))
        };
        self.0.iter().filter_map(share).collect()
    }

    fn slower_than(&self, before: &Self) -> Vec<String> {
        let slower = |(key, now): (&String, &Figure)| {
            let before = before.0.get(key)?;
            let noise = now.noise.max(before.noise);
            let (was, is) = (before.per_second, now.per_second);
            let told = || format!("SLOWER: {key}: {is:.0}/s, was {was:.0}/s; the noise is {:.0} %", noise * 100.0);
            (is < was * (1.0 - noise)).then(told)
        };
        self.0.iter().filter_map(slower).collect()
    }
}

fn key(name: &str, load: &str) -> String {
    format!("{name}, load {load}")
}

/// The spread of the middle half of the rounds, as a fraction of the median.
fn noise(rounds: &[f64]) -> f64 {
    let mut rounds = rounds.to_vec();
    rounds.sort_unstable_by(f64::total_cmp);
    let at = |quarter: usize| rounds.get(rounds.len().saturating_sub(1) * quarter / 4).copied();
    match (at(1), at(2), at(3)) {
        (Some(low), Some(middle), Some(high)) if middle > 0.0 => (high - low) / middle,
        _ => 0.0,
    }
}

fn path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "bench", "results.json"].iter().collect()
}
