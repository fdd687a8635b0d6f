//! Rust text without comments, literals and test modules, line for line, so that a word can be looked for in code alone.

/// The lines of `text` with everything that is not shipped code blanked out.
pub fn shipped_lines(text: &str) -> Vec<String> {
    let bare = bare(text);
    without_tests(&bare).lines().map(str::to_owned).collect()
}

/// Blanks comments, strings and character literals; keeps line breaks.
fn bare(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().filter(|c| **c == '\n'));
            out.push(' ');
            at = end;
        }
    }
    out
}

/// Where the comment or literal that begins at `at` ends; `at` itself if none does.
fn literal_end(chars: &[char], at: usize) -> usize {
    let is = |from: usize, what: &str| what.chars().enumerate().all(|(i, c)| chars.get(from + i) == Some(&c));
    let find = |from: usize, what: &str| {
        (from..chars.len()).find(|i| is(*i, what)).map_or(chars.len(), |i| i + what.chars().count())
    };
    if is(at, "//") {
        return (at..chars.len()).find(|i| chars[*i] == '\n').unwrap_or(chars.len());
    }
    if is(at, "/*") {
        return find(at + 2, "*/");
    }
    if is(at, "r\"") || is(at, "r#") {
        let begins_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_') && chars[at - 1] != 'b';
        let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
        if !begins_word && chars.get(at + 1 + hashes) == Some(&'"') {
            return find(at + 2 + hashes, &format!("\"{}", "#".repeat(hashes)));
        }
    }
    if chars[at] == '"' {
        let mut i = at + 1;
        while i < chars.len() && chars[i] != '"' {
            i += if chars[i] == '\\' { 2 } else { 1 };
        }
        return (i + 1).min(chars.len());
    }
    if chars[at] == '\'' {
        // A lifetime has no closing quote two characters on.
        if chars.get(at + 1) == Some(&'\\') {
            return find(at + 3, "'");
        }
        if chars.get(at + 2) == Some(&'\'') {
            return at + 3;
        }
    }
    at
}

/// Blanks each item that follows `#[cfg(test)]`, from the attribute to the end of its block or to its semicolon.
fn without_tests(bare: &str) -> String {
    let mut out = String::with_capacity(bare.len());
    let mut rest = bare;
    while let Some(start) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..start]);
        let mut depth = 0usize;
        let length = rest[start..]
            .char_indices()
            .find_map(|(i, c)| {
                match c {
                    '{' => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                let ends = depth == 0 && (c == '}' || c == ';');
                ends.then_some(i + 1)
            })
            .unwrap_or(rest.len() - start);
        out.extend(rest[start..start + length].chars().filter(|c| *c == '\n'));
        rest = &rest[start + length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines, counted from 1, on which `word` stands in shipped code.
    fn seen(text: &str, word: &str) -> Vec<usize> {
        shipped_lines(text).iter().enumerate().filter(|(_, line)| line.contains(word)).map(|(i, _)| i + 1).collect()
    }

    #[test]
    fn code_is_kept_on_its_line() {
        assert_eq!(seen("\nfn f() {\n  X::now()\n}", "X::now"), [3]);
        assert_eq!(seen("fn f<'a>(x: &'a str) { X }", "X"), [1]);
        assert_eq!(seen("let q = '\"'; X", "X"), [1]);
        assert_eq!(seen("let q = '\\''; X", "X"), [1]);
    }

    #[test]
    fn comments_and_literals_are_not_code() {
        for text in ["// X", "/* X\n */", "//! X", "\"X\"", "\"\\\" X\"", "r\"X\"", "r#\"a\"X\"#", "b\"X\"", "'X'"] {
            assert_eq!(seen(text, "X"), Vec::<usize>::new(), "{text}");
        }
        assert_eq!(seen("/* \n\n */ X", "X"), [3]);
    }

    #[test]
    fn test_items_are_not_shipped() {
        assert_eq!(seen("#[cfg(test)]\nmod tests { fn f() { X } }\nX", "X"), [3]);
        assert_eq!(seen("#[cfg(test)]\nuse X;\nX", "X"), [3]);
        assert_eq!(seen("#[cfg(test)]\n#[allow(y)]\nmod tests;\nX", "X"), [4]);
    }
}
