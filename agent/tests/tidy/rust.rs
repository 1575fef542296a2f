//! Reads Rust just well enough: what is code, what is comment or string, and what is compiled for tests only.

/// The same text with comments and the inside of literals blanked; lines and columns stay where they are.
pub fn code(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = skip(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// The code without what is compiled for tests only: `#[cfg(test)]` takes the item after it along.
pub fn live(text: &str) -> String {
    let mut code = code(text);
    while let Some(start) = code.find("#[cfg(test)]") {
        let end = item_end(&code, start);
        let blank: String = code[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        code.replace_range(start..end, &blank);
    }
    code
}

/// Line numbers, from 1, on which `needle` stands as code and begins a word of its own.
pub fn lines_with(code: &str, needle: &str) -> Vec<usize> {
    let stands = |line: &str| places(line, needle).next().is_some();
    code.lines().enumerate().filter(|(_, line)| stands(line)).map(|(i, _)| i + 1).collect()
}

/// Byte positions of `needle` in `code` where neither end runs into another identifier.
pub fn places<'a>(code: &'a str, needle: &'a str) -> impl Iterator<Item = usize> + 'a {
    let open_end = needle.ends_with(is_word);
    code.match_indices(needle).map(|(at, _)| at).filter(move |at| {
        let before = code[..*at].chars().next_back();
        let after = code[at + needle.len()..].chars().next();
        !(before.is_some_and(is_word) || open_end && after.is_some_and(is_word))
    })
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn item_end(code: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    for (i, c) in code[start..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return start + i + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return start + i + 1,
            _ => {}
        }
    }
    code.len()
}

/// Where the comment or literal that begins at `at` ends; `at` itself when none begins there.
fn skip(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    let fresh = at == 0 || !is_word(chars[at - 1]);
    match (chars[at], next) {
        ('/', Some('/')) => position(chars, at, |c| c == '\n'),
        ('/', Some('*')) => block_end(chars, at),
        ('"', _) => string_end(chars, at),
        ('r', Some('"' | '#')) if fresh => raw_end(chars, at + 1).unwrap_or(at),
        ('b' | 'c', Some('r')) if fresh => raw_end(chars, at + 2).unwrap_or(at),
        ('\'', Some('\\')) => (position(chars, at + 3, |c| c == '\'') + 1).min(chars.len()),
        ('\'', Some(_)) if chars.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
}

fn position(chars: &[char], from: usize, is_end: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|i| is_end(chars[*i])).unwrap_or(chars.len())
}

fn block_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0_usize, at);
    while i + 1 < chars.len() {
        match (chars[i], chars[i + 1]) {
            ('/', '*') => (depth, i) = (depth + 1, i + 2),
            ('*', '/') if depth == 1 => return i + 2,
            ('*', '/') => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
    }
    chars.len()
}

fn string_end(chars: &[char], at: usize) -> usize {
    let mut i = at + 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    (i + 1).min(chars.len())
}

/// The end of a raw string whose hashes begin at `at`; none when it is a raw identifier such as `r#type`.
fn raw_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + hashes) != Some(&'"') {
        return None;
    }
    let closes = |i: &usize| {
        chars[*i] == '"' && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
    };
    Some((at + hashes + 1..chars.len()).find(closes).map_or(chars.len(), |i| i + 1 + hashes))
}

#[test]
fn comments_and_literals_are_not_code() {
    let text = concat!(
        "let a = \"raft:: \\\" x\"; // raft::\n",
        "let b = r#\"raft::\"#; /* raft:: /* deep */ */ let c = '\"'; raft::go::<'a>();",
    );
    let code = code(text);
    assert_eq!(lines_with(&code, "raft::"), [2]);
    assert_eq!(code.matches("raft::").count(), 1);
    assert_eq!(code.len(), text.len());
}

#[test]
fn a_test_module_is_not_live() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { x.y() } }\nfn c() {}\n#[cfg(test)]\nmod more;\nfn d() {}";
    let live = live(text);
    assert!(live.contains("fn a") && live.contains("fn c") && live.contains("fn d"));
    assert!(!live.contains("fn b") && !live.contains("more"));
}

#[test]
fn a_needle_is_a_whole_word() {
    assert_eq!(lines_with("craft::x\nraft::y\nmy_raft::z", "raft::"), [2]);
    assert_eq!(lines_with("brand\nrand\nrandom", "rand"), [2]);
}
