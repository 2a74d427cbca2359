//! Reads a page of OpenMetrics as strictly as its grammar is: what a lenient reader
//! would let pass, another one refuses.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};

/// The media type that a page of this kind has.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A page that was read.
#[derive(Debug, Default)]
pub struct Page {
    /// The type of each family.
    pub families: BTreeMap<String, String>,
    /// The value of each sample, by its name and labels as they were written.
    pub samples: BTreeMap<String, f64>,
}

impl Page {
    /// Reads one.
    ///
    /// # Errors
    ///
    /// The first line that breaks the grammar, or a histogram or counter that cannot be.
    pub fn read(text: &str) -> Result<Self> {
        let body = text.strip_suffix("# EOF\n").context("it does not end with # EOF and a line end")?;
        let mut reader = Reader::default();
        for (number, line) in body.lines().enumerate() {
            reader.line(line).with_context(|| format!("line {}: {line}", number + 1))?;
        }
        reader.page.check_histograms()?;
        Ok(reader.page)
    }

    /// The value of a sample, written as on the page.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn value(&self, sample: &str) -> Result<f64> {
        self.samples.get(sample).copied().with_context(|| format!("no sample {sample}"))
    }

    /// The names that samples have, without labels.
    pub fn names(&self) -> BTreeSet<&str> {
        self.samples.keys().map(|sample| sample.split('{').next().unwrap_or_default()).collect()
    }

    /// What only grows: counters, and the counts of histograms.
    pub fn growing(&self) -> impl Iterator<Item = (&str, f64)> {
        let ends = ["_total", "_count", "_bucket"];
        self.samples.iter().filter_map(move |(sample, value)| {
            let name = sample.split('{').next().unwrap_or_default();
            ends.iter().any(|end| name.ends_with(end)).then_some((sample.as_str(), *value))
        })
    }

    fn check_histograms(&self) -> Result<()> {
        for (family, _) in self.families.iter().filter(|(_, kind)| *kind == "histogram") {
            let prefix = format!("{family}_bucket{{");
            // Labels without the bound, and what the buckets and the bounds were so far.
            let mut series: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
            for (sample, value) in self.samples.iter().filter(|(sample, _)| sample.starts_with(&prefix)) {
                let labels = labels_of(sample)?;
                let bound = labels.iter().find(|(name, _)| name == "le").context("a bucket has a bound")?;
                let bound = if bound.1 == "+Inf" { f64::INFINITY } else { bound.1.parse()? };
                let others: Vec<_> = labels.iter().filter(|(name, _)| name != "le").collect();
                series.entry(format!("{others:?}")).or_default().push((bound, *value));
            }
            for (labels, mut buckets) in series {
                buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
                ensure!(buckets.iter().rev().take(1).all(|last| last.0.is_infinite()), "{family} {labels}");
                ensure!(buckets.is_sorted_by(|a, b| a.1 <= b.1), "{family} {labels} is not cumulative");
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Reader {
    page: Page,
    /// The family that the lines are about at present, and those before.
    current: Option<(String, String, Option<String>)>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<()> {
        match line.strip_prefix("# ") {
            Some(about) => self.about(about),
            None => self.sample(line),
        }
    }

    fn about(&mut self, about: &str) -> Result<()> {
        let mut words = about.splitn(3, ' ');
        let (what, name, rest) = (words.next(), words.next(), words.next());
        let (name, rest) = (name.context("a name")?, rest.unwrap_or_default());
        ensure!(is_name(name), "{name} is no name");
        match what {
            Some("HELP") => {
                let is_current = self.current.as_ref().is_some_and(|(current, ..)| current == name);
                ensure!(!is_current, "two texts");
                self.begin(name)?;
            }
            Some("TYPE") => {
                let known = ["counter", "gauge", "histogram", "info", "summary", "unknown", "stateset"];
                ensure!(known.contains(&rest), "{rest} is no type");
                self.begin(name)?;
                if let Some((_, kind, _)) = &mut self.current {
                    ensure!(kind.is_empty(), "two types");
                    rest.clone_into(kind);
                }
                self.page.families.insert(name.to_owned(), rest.to_owned());
            }
            Some("UNIT") => {
                ensure!(name.ends_with(&format!("_{rest}")), "a name ends with its unit");
                self.begin(name)?;
                if let Some((_, _, unit)) = &mut self.current {
                    *unit = Some(rest.to_owned());
                }
            }
            _ => bail!("neither HELP, TYPE, UNIT nor the end"),
        }
        Ok(())
    }

    /// All of a family stands together.
    fn begin(&mut self, name: &str) -> Result<()> {
        if self.current.as_ref().is_some_and(|(current, _, _)| current == name) {
            return Ok(());
        }
        ensure!(!self.page.families.contains_key(name), "{name} was told of before");
        self.current = Some((name.to_owned(), String::new(), None));
        Ok(())
    }

    fn sample(&mut self, line: &str) -> Result<()> {
        let (series, value) = line.rsplit_once(' ').context("a value")?;
        let value: f64 = value.parse().context("a number")?;
        let name = series.split('{').next().unwrap_or_default();
        let (family, kind, _) = self.current.as_ref().context("a sample before its family")?;
        let suffix = name.strip_prefix(family.as_str()).context("a sample of another family")?;
        let allowed: &[&str] = match kind.as_str() {
            "counter" => &["_total", "_created"],
            "histogram" => &["_bucket", "_count", "_sum", "_created"],
            "info" => &["_info"],
            _ => &[""],
        };
        ensure!(is_name(name) && allowed.contains(&suffix), "{name} is no sample of the {kind} {family}");
        ensure!(kind != "counter" || value >= 0.0, "a counter below zero");
        labels_of(series)?;
        ensure!(self.page.samples.insert(series.to_owned(), value).is_none(), "told twice");
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    let is_first = |letter: char| letter.is_ascii_alphabetic() || letter == '_' || letter == ':';
    letters.next().is_some_and(is_first) && letters.all(|letter| is_first(letter) || letter.is_ascii_digit())
}

/// The labels of a sample; each has a name of its own and a value in quotes.
fn labels_of(series: &str) -> Result<Vec<(String, String)>> {
    let Some((_, rest)) = series.split_once('{') else { return Ok(Vec::new()) };
    let mut rest = rest.strip_suffix('}').context("the labels do not end")?;
    let mut labels: Vec<(String, String)> = Vec::new();
    while !rest.is_empty() {
        let (name, behind) = rest.split_once("=\"").context("a label without a value")?;
        ensure!(is_name(name) && labels.iter().all(|(known, _)| known != name), "the label {name}");
        let (value, behind) = behind.split_once('"').context("a value without an end")?;
        ensure!(!value.contains('\\'), "no value here needs an escape");
        labels.push((name.to_owned(), value.to_owned()));
        rest = match behind.strip_prefix(',') {
            Some(more) => more,
            None if behind.is_empty() => behind,
            None => bail!("labels are apart by commas"),
        };
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# HELP a_seconds Words.\n# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n\
        a_seconds_sum 0.1\na_seconds_count 1\na_seconds_bucket{le=\"0.5\",x=\"y\"} 1\n\
        a_seconds_bucket{le=\"+Inf\",x=\"y\"} 1\n# HELP b Words.\n# TYPE b counter\nb_total{k=\"v\"} 3\n# EOF\n";

    #[test]
    fn a_good_page_is_read() {
        let page = Page::read(GOOD).unwrap();
        assert_eq!(page.value("b_total{k=\"v\"}").unwrap(), 3.0);
        assert!(page.names().contains("a_seconds_bucket"));
        assert_eq!(page.growing().count(), 4);
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for (from, to) in [
            ("# EOF\n", ""),
            ("# EOF\n", "# EOF"),
            ("b_total", "b"),
            ("b_total{", "c_total{"),
            ("{k=\"v\"}", "{k=v}"),
            ("{k=\"v\"}", "{k=\"v\",k=\"w\"}"),
            ("{k=\"v\"} 3", "{k=\"v\"} three"),
            ("{k=\"v\"} 3", "{k=\"v\"} -3"),
            ("UNIT a_seconds seconds", "UNIT a_seconds bytes"),
            ("TYPE b counter", "TYPE b number"),
            ("{le=\"0.5\",x=\"y\"} 1", "{le=\"0.5\",x=\"y\"} 2"),
            ("# HELP b", "# HELP a_seconds"),
            ("b_total{k=\"v\"} 3\n", "b_total{k=\"v\"} 3\nb_total{k=\"v\"} 3\n"),
        ] {
            assert!(GOOD.contains(from), "{from}");
            assert!(Page::read(&GOOD.replace(from, to)).is_err(), "{from} as {to:?}");
        }
    }
}
