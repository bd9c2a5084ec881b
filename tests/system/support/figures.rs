//! The text of `/metrics`, parsed as strictly as Prometheus' own parser does, and more: no sample without a type, none
//! twice, and histograms whose buckets add up.

use std::collections::BTreeMap;

/// Labels by name.
type Labels = BTreeMap<String, String>;

/// The metrics of a process.
#[derive(Debug)]
pub(crate) struct Figures {
    types: BTreeMap<String, String>,
    samples: BTreeMap<(String, Labels), f64>,
}

impl Figures {
    /// Parses them; invalid text fails the test.
    #[track_caller]
    pub(crate) fn read(text: &str) -> Self {
        let mut figures = Self { types: BTreeMap::new(), samples: BTreeMap::new() };
        assert!(text.ends_with('\n'), "the last line is not ended: {text}");
        for line in text.lines().filter(|line| !line.is_empty()) {
            match line.split_once(' ') {
                Some(("#", comment)) => figures.read_comment(comment),
                Some(_) => figures.read_sample(line),
                None => panic!("not a line of metrics: {line:?}"),
            }
        }
        figures.check_histograms();
        figures
    }

    /// The only sample with this name and these labels.
    #[track_caller]
    pub(crate) fn one(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.find(name, labels).unwrap_or_else(|| panic!("there is no {name} with {labels:?}: {:#?}", self.samples))
    }

    /// The same, or `None`.
    pub(crate) fn find(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.samples.get(&(name.to_owned(), labels)).copied()
    }

    /// The names of all metrics.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(String::as_str)
    }

    /// The metric that a sample belongs to, by name.
    pub(crate) fn family(&self, sample: &str) -> Option<&str> {
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| sample.strip_suffix(suffix));
        let name = family.filter(|family| self.types.get(*family).is_some_and(|kind| kind == "histogram"));
        self.types.get_key_value(name.unwrap_or(sample)).map(|(name, _)| name.as_str())
    }

    /// All values of a label.
    pub(crate) fn values_of<'a>(&'a self, label: &'a str) -> impl Iterator<Item = &'a str> {
        self.samples.keys().filter_map(move |(_, labels)| labels.get(label)).map(String::as_str)
    }

    #[track_caller]
    fn read_comment(&mut self, comment: &str) {
        let mut words = comment.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("HELP"), Some(name), Some(text)) => assert!(is_name(name) && !text.is_empty(), "{comment:?}"),
            (Some("TYPE"), Some(name), Some(kind)) => {
                assert!(is_name(name) && ["counter", "gauge", "histogram"].contains(&kind), "{comment:?}");
                let before = self.types.insert(name.to_owned(), kind.to_owned());
                assert_eq!(before, None, "{name} has two types");
            }
            _ => panic!("not a comment that means anything: {comment:?}"),
        }
    }

    #[track_caller]
    fn read_sample(&mut self, line: &str) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = match series.split_once('{') {
            Some((name, rest)) => (name, read_labels(rest.strip_suffix('}').unwrap())),
            None => (series, Labels::new()),
        };
        assert!(is_name(name), "{line:?}");
        assert!(self.family(name).is_some(), "{name} has no type");
        let value = value.parse().unwrap_or_else(|error| panic!("{line:?}: {error}"));
        let before = self.samples.insert((name.to_owned(), labels), value);
        assert!(before.is_none(), "{series} is there twice");
    }

    fn check_histograms(&self) {
        for name in self.types.iter().filter(|(_, kind)| *kind == "histogram").map(|(name, _)| name) {
            let count = format!("{name}_count");
            let mut buckets: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
            for ((_, labels), value) in
                self.samples.iter().filter(|((sample, _), _)| *sample == format!("{name}_bucket"))
            {
                let mut labels = labels.clone();
                let bound = labels.remove("le").unwrap().parse().unwrap();
                buckets.entry(labels).or_default().push((bound, *value));
            }
            for (labels, mut buckets) in buckets {
                buckets.sort_by(|left, right| left.0.total_cmp(&right.0));
                assert!(buckets.is_sorted_by(|left, right| left.1 <= right.1), "{name} {labels:?}: {buckets:?}");
                let all = self.samples.get(&(count.clone(), labels));
                assert_eq!(buckets.last().copied(), all.map(|all| (f64::INFINITY, *all)), "{name}");
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// Parses `a="b",c="d"`. None of our values contain quotes, so there is no escaping.
#[track_caller]
fn read_labels(text: &str) -> Labels {
    let pairs = text.split("\",").filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once("=\"").unwrap_or_else(|| panic!("not labels: {text:?}"));
        let value = value.strip_suffix('"').unwrap_or(value);
        assert!(is_name(name) && !value.contains(['"', '\\']), "not labels: {text:?}");
        (name.to_owned(), value.to_owned())
    });
    let labels: Labels = pairs.collect();
    assert_eq!(labels.len(), text.matches("=\"").count(), "a label is there twice: {text:?}");
    labels
}
