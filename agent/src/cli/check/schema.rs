//! A language for editors: its sketch as JSON Schema, so that a typing mistake is underlined before it is saved.

use serde_json::{Map, Value, json};
use state::document::Sketch;

/// How a time is written; the reader is stricter about nothing but its length.
const DURATION: &str = "^([0-9]+ ?(ms|s|m|h|d|w|seconds?|minutes?|hours?|days?|weeks?) ?)+$";

/// The schema of a language, as a text.
pub fn schema(title: &str, language: &Sketch) -> String {
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!(title));
    if let Value::Object(of) = json_of(language) {
        schema.extend(of);
    }
    format!("{:#}\n", Value::Object(schema))
}

/// The schema of a piece of a language.
fn json_of(sketch: &Sketch) -> Value {
    match sketch {
        Sketch::Map { keys, required } => {
            let properties: Map<String, Value> =
                keys.iter().map(|(key, of)| ((*key).to_owned(), json_of(of))).collect();
            json!({
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            })
        }
        Sketch::Names(of) => json!({ "type": "object", "additionalProperties": json_of(of) }),
        Sketch::List(of) => {
            let of = json_of(of);
            json!({ "anyOf": [{ "type": "array", "items": of }, of] })
        }
        Sketch::Word(words) => json!({ "enum": words }),
        Sketch::Count(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Sketch::Duration => json!({ "type": "string", "pattern": DURATION }),
        // What looks like a number to an editor is one to it, also where the language means its digits.
        Sketch::Text => json!({ "type": ["string", "number"] }),
        Sketch::Either(of) => json!({ "anyOf": of.iter().map(json_of).collect::<Vec<_>>() }),
        Sketch::Anything => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::SiteFile;
    use playbooks::Playbook;
    use policies::Policy;
    use state::document::{self, Faults, Node, Quoting, Tree};

    /// A key that stands nowhere in a sample would be anything to an editor.
    #[test]
    fn the_samples_have_every_key() {
        for (what, language) in languages() {
            assert_eq!(language.gaps(), Vec::<String>::new(), "{what}: put these keys into its sample");
        }
    }

    fn languages() -> [(&'static str, Sketch); 3] {
        [("policy", Policy::sketch()), ("playbook", Playbook::sketch()), ("site file", SiteFile::sketch())]
    }

    /// Each rule of the schema, as an editor applies it: a few words of JSON Schema are all that is used here.
    fn allows(schema: &Value, document: &Value) -> bool {
        let any = |of: &Value| of.as_array().is_some_and(|of| of.iter().any(|one| allows(one, document)));
        if let Some(of) = schema.get("anyOf") {
            return any(of);
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            return words.contains(document);
        }
        match (schema.get("type").and_then(Value::as_str), document) {
            (Some("object"), Value::Object(map)) => object(schema, map),
            (Some("array"), Value::Array(items)) => items.iter().all(|item| allows(&schema["items"], item)),
            (Some("integer"), Value::Number(n)) => {
                n.as_i64() >= schema["minimum"].as_i64() && n.as_i64() <= schema["maximum"].as_i64()
            }
            (Some("string"), Value::String(text)) => text.ends_with(|c: char| c.is_ascii_alphabetic()),
            (Some(_), _) => false,
            (None, document) => schema.get("type").is_none() || document.is_string() || document.is_number(),
        }
    }

    /// A document as an editor sees it.
    fn value(tree: &Tree) -> Value {
        match &tree.node {
            Node::Map(entries) => {
                Value::Object(entries.iter().map(|(key, tree)| (key.text.clone(), value(tree))).collect())
            }
            Node::List(items) => items.iter().map(value).collect(),
            Node::Scalar { text, quoted: Quoting::Bare } => {
                text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number))
            }
            Node::Scalar { text, quoted: Quoting::Quoted } => json!(text),
            Node::Null => Value::Null,
        }
    }

    fn object(schema: &Value, map: &Map<String, Value>) -> bool {
        let others = schema.get("additionalProperties");
        let required = schema.get("required").and_then(Value::as_array);
        let there =
            required.is_none_or(|keys| keys.iter().all(|key| map.contains_key(key.as_str().unwrap_or(""))));
        there
            && map.iter().all(|(key, value)| {
                match (schema.get("properties").and_then(|of| of.get(key)), others) {
                    (Some(of), _) => allows(of, value),
                    (None, Some(of @ Value::Object(_))) => allows(of, value),
                    (None, _) => false,
                }
            })
    }

    #[test]
    fn an_editor_takes_a_good_file_and_underlines_a_wrong_key() {
        let good = include_str!("../../../../policies/tests/fixtures/minimal.yaml");
        let schema: Value = serde_json::from_str(&schema("policy", &Policy::sketch())).unwrap();
        let document = |text: &str| value(&document::read(text, &Faults::new()).unwrap());
        assert!(allows(&schema, &document(good)));
        for (right, wrong) in [
            ("votes: 1", "vote: 1"),
            ("votes: 1", "votes: 3"),
            ("    prefer:", "    preferred:"),
            ("cluster: bytemark", "mode: automatic"),
            ("cluster: bytemark", "cluster: bytemark\npace: { every: 2 }"),
        ] {
            assert!(!allows(&schema, &document(&good.replacen(right, wrong, 1))), "{wrong}");
        }
    }
}
