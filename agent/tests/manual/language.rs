//! Asks a reader itself which keys it knows, map by map, and compares them with the `.It Cm` lines of its page.

use state::document::{self, Faults, Node, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The product's own reader: the report of faults, or nothing if there is none.
pub type Reader = fn(&str) -> Option<String>;

/// A key that no language has, and that is near to none.
const STRANGE: &str = "zz9zz8zz";
/// Before the keys that a map knows, in the readers' reports.
const KNOWN: [&str; 2] = ["known here: ", "this version has: "];

/// Fails with every key that the page lacks or invents, with examples that do not parse, and with keys of which no
/// example shows the use: only there can be seen what stands below them.
pub fn agree(page: &Path, (begins, read): (&str, Reader), besides: &[&str]) {
    let text = fs::read_to_string(page).unwrap_or_else(|e| panic!("cannot read {}: {e}", page.display()));
    let mut examples = examples(&text, begins);
    assert!(!examples.is_empty(), "{} has no example that begins with `{begins}`", page.display());
    examples.extend(besides.iter().map(|text| (*text).to_owned()));
    let (mut known, mut used) = (BTreeSet::new(), BTreeSet::new());
    for example in &examples {
        if let Some(report) = read(example) {
            panic!("{}: an example is refused\n{example}\n{report}", page.display());
        }
        let tree = document::read(example, &Faults::new()).expect("it was read a moment ago");
        let whole = Doc::of(&tree);
        let mut walk = Walk { read, whole: whole.clone(), known: &mut known, used: &mut used };
        walk.look(&whole, &mut Vec::new(), "");
    }
    let written: BTreeSet<String> = items(&text).into_keys().collect();
    let lack = |a: &BTreeSet<String>, b: &BTreeSet<String>, what: &str| {
        a.difference(b).map(|key| format!("`{key}` {what}")).collect::<Vec<_>>()
    };
    let mut faults = lack(&known, &written, "is a key of the language without a `.It Cm` line");
    faults.extend(lack(&written, &known, "is in the page and no key of the language"));
    faults.extend(lack(&known, &used, "is in no example of the page"));
    faults.extend(
        items(&text)
            .into_iter()
            .filter(|(_, below)| below.trim().is_empty())
            .map(|(key, _)| format!("`{key}` has a line and no word about it")),
    );
    assert!(faults.is_empty(), "{} and the reader disagree\n  {}", page.display(), faults.join("\n  "));
}

/// The literal blocks that begin with this key; a page shows whole files.
fn examples(page: &str, begins: &str) -> Vec<String> {
    let blocks = page.split(".Bd -literal").skip(1).filter_map(|rest| rest.split_once('\n'));
    let texts = blocks.map(|(_, rest)| rest.split("\n.Ed").next().unwrap_or(rest));
    texts.map(|text| text.replace("\\e", "\\") + "\n").filter(|text| text.starts_with(begins)).collect()
}

/// `.It Cm sites.SITE.votes` and the lines below each.
fn items(page: &str) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut last: Option<String> = None;
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix(".It Cm ") {
            let key = rest.split(' ').next().unwrap_or(rest).to_owned();
            found.entry(key.clone()).or_default();
            last = Some(key);
        } else if line.starts_with(".El") || line.starts_with(".S") {
            last = None;
        } else if let Some(key) = &last {
            let below = found.get_mut(key).expect("it was put there");
            *below += line;
        }
    }
    found
}

/// A document that can be changed and written again; every list and map on one line.
#[derive(Clone, Debug)]
enum Doc {
    Map(Vec<(String, Doc)>),
    List(Vec<Doc>),
    Word(String),
    Nothing,
}

impl Doc {
    fn of(tree: &Tree) -> Self {
        match &tree.node {
            Node::Map(entries) => {
                Self::Map(entries.iter().map(|(key, value)| (key.text.clone(), Self::of(value))).collect())
            }
            Node::List(items) => Self::List(items.iter().map(Self::of).collect()),
            Node::Scalar { text, .. } => Self::Word(text.clone()),
            Node::Null => Self::Nothing,
        }
    }

    fn below(&mut self, step: &Step) -> &mut Self {
        match (self, step) {
            (Self::Map(entries), Step::Key(key)) => {
                &mut entries.iter_mut().find(|(found, _)| found == key).expect("the way was walked").1
            }
            (Self::List(items), Step::Item(n)) => &mut items[*n],
            (other, step) => panic!("{other:?} has no {step:?}"),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Map(entries) => {
                let all: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{}: {}", written(key), value.text()))
                    .collect();
                format!("{{ {} }}", all.join(", "))
            }
            Self::List(items) => {
                let all: Vec<String> = items.iter().map(Self::text).collect();
                format!("[{}]", all.join(", "))
            }
            Self::Word(word) => written(word),
            Self::Nothing => "~".to_owned(),
        }
    }
}

/// Plain where that cannot be misread, else in quotes.
fn written(word: &str) -> String {
    let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c));
    let number = word.starts_with('0') || word.starts_with('-');
    if plain && !number && !word.is_empty() {
        return word.to_owned();
    }
    serde_json::to_string(word).expect("it is text")
}

/// One example, looked through from its top.
struct Walk<'a> {
    read: Reader,
    whole: Doc,
    known: &'a mut BTreeSet<String>,
    used: &'a mut BTreeSet<String>,
}

/// A step on the way from the top of a document to a place in it.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Item(usize),
}

impl Walk<'_> {
    fn look(&mut self, value: &Doc, way: &mut Vec<Step>, name: &str) {
        if !name.is_empty() {
            self.used.insert(name.to_owned());
        }
        if let Doc::List(items) = value {
            for (n, item) in items.iter().enumerate() {
                way.push(Step::Item(n));
                self.look(item, way, name);
                way.pop();
            }
        }
        let Doc::Map(map) = value else { return };
        let keys = self.keys(way);
        let below = |key: &str| if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") };
        match &keys {
            Some(keys) => self.known.extend(keys.iter().map(|key| below(key))),
            None => drop(self.known.insert(below(placeholder(way)))),
        }
        for (key, inner) in map {
            // An end state is the same whether it is wanted or taken back.
            let key_named =
                if key == "undo" && matches!(inner, Doc::Map(_)) { "ensure" } else { key.as_str() };
            let named = below(if keys.is_some() { key_named } else { placeholder(way) });
            if keys.is_some() {
                self.used.insert(below(key));
            }
            way.push(Step::Key(key.clone()));
            self.look(inner, way, &named);
            way.pop();
        }
    }

    /// The keys that the reader knows in this map; none if the names in it are the writer's own.
    fn keys(&self, way: &[Step]) -> Option<Vec<String>> {
        let mut whole = self.whole.clone();
        let map = way.iter().fold(&mut whole, Doc::below);
        // Alone with the strange key, so that an end state of two is not the fault that is found.
        if matches!(way.last(), Some(Step::Key(key)) if key == "ensure" || key == "undo") {
            *map = Doc::Map(Vec::new());
        }
        let Doc::Map(entries) = map else { return None };
        entries.push((STRANGE.to_owned(), Doc::Map(Vec::new())));
        let report = (self.read)(&whole.text());
        let report = report.unwrap_or_default();
        let kinds = ["unknown key", "unknown end state"].map(|kind| format!("{kind} `{STRANGE}`"));
        let (_, after) = kinds.iter().find_map(|kind| report.split_once(kind))?;
        let here = after.split("\nerror").next().unwrap_or(after);
        let found = KNOWN.iter().find_map(|known| here.split_once(known))?;
        let line = found.1.lines().next().unwrap_or_default();
        Some(line.split(", ").map(|key| key.trim_matches(['`', ' ']).to_owned()).collect())
    }
}

/// What stands in the page for a name that the writer chooses.
fn placeholder(way: &[Step]) -> &'static str {
    if let [.., Step::Key(inputs), Step::Key(_)] = way
        && inputs == "inputs"
    {
        return "KIND";
    }
    match way.last() {
        Some(Step::Key(key)) if key == "sites" => "SITE",
        Some(Step::Key(key)) if key == "routes" => "ROUTE",
        Some(Step::Key(key)) if key == "carriers" => "CARRIER",
        Some(Step::Key(key)) if key == "people" => "PERSON",
        Some(Step::Key(key)) if key == "probes" => "SUBJECT",
        Some(Step::Key(key)) if key == "inputs" => "INPUT",
        Some(Step::Key(_) | Step::Item(_)) | None => "NAME",
    }
}
