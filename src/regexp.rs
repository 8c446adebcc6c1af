//! Regular expressions in Go's dialect: of the `matches` operator of conditions, and of PromQL.
//!
//! Knows how Go's `regexp/syntax` differs from the crate `regex`: `\d`, `\s`, `\w` and `\b` are
//! ASCII, a bracket inside brackets is a character, `{` may be one, and the messages. The pattern
//! is rewritten; matching is linear in the text in both.

use std::iter::Peekable;
use std::str::CharIndices;
use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};

/// A compiled pattern; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Regexp {
    regex: Regex,
    /// The groups that have names, with their numbers.
    names: Arc<[(String, usize)]>,
}

impl Regexp {
    /// Compiles `pattern`; the error is Go's.
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        let translator = Translator {
            pattern,
            rest: pattern.char_indices().peekable(),
            out: String::new(),
            captures: 0,
            names: Vec::new(),
        };
        let (translated, names) = translator
            .translate()
            .map_err(|text| format!("error parsing regexp: {text}"))?;
        let regex = RegexBuilder::new(&translated)
            .size_limit(SIZE_BYTES_MAX)
            .build()
            .map_err(|_| "error parsing regexp: expression too large".to_owned())?;
        let names = names.into();
        Ok(Self { regex, names })
    }

    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        self.regex.is_match(text)
    }

    /// `template` with what the groups of the first match captured (`$1`, `${name}`, `$$`), as Go's `Regexp.Expand` does;
    /// `None` where nothing matches.
    pub(crate) fn expand(&self, text: &str, template: &str) -> Option<String> {
        let captures = self.regex.captures(text.as_bytes())?;
        let mut expanded = Vec::new();
        let mut rest = template;
        while let Some(at) = rest.find('$') {
            expanded.extend(rest[..at].bytes());
            rest = &rest[at + 1..];
            if let Some(behind) = rest.strip_prefix('$') {
                expanded.push(b'$');
                rest = behind;
            } else if let Some((wanted, behind)) = reference(rest) {
                let number = match wanted.parse::<usize>() {
                    Ok(number) => Some(number),
                    Err(_) => self
                        .names
                        .iter()
                        .find_map(|(name, number)| (name == wanted).then_some(*number)),
                };
                let group = number.and_then(|number| captures.get(number));
                expanded.extend(group.map_or(&b""[..], |group| group.as_bytes()));
                rest = behind;
            } else {
                expanded.push(b'$');
            }
        }
        expanded.extend(rest.bytes());
        Some(String::from_utf8_lossy(&expanded).into_owned())
    }
}

/// The group that a template names behind a `$`, and what comes after it.
fn reference(text: &str) -> Option<(&str, &str)> {
    let is_name = |c: char| c == '_' || c.is_alphanumeric();
    let (braced, inner) = match text.strip_prefix('{') {
        Some(inner) => (true, inner),
        None => (false, text),
    };
    let length = inner.find(|c| !is_name(c)).unwrap_or(inner.len());
    let (name, behind) = inner.split_at(length);
    let behind = if braced {
        behind.strip_prefix('}')?
    } else {
        behind
    };
    (!name.is_empty()).then_some((name, behind))
}

/// Of the compiled pattern; building it takes milliseconds then.
const SIZE_BYTES_MAX: usize = 1 << 20;
/// Go refuses higher repeat counts.
const REPEAT_MAX: u32 = 1000;

struct Translator<'a> {
    pattern: &'a str,
    rest: Peekable<CharIndices<'a>>,
    out: String,
    /// How many groups capture so far.
    captures: usize,
    names: Vec<(String, usize)>,
}

/// One character of a class, or a whole class by its name.
enum Item {
    Char(char),
    Class(String),
}

impl Translator<'_> {
    fn position(&mut self) -> usize {
        self.rest.peek().map_or(self.pattern.len(), |(at, _)| *at)
    }

    fn peek(&mut self) -> Option<char> {
        self.rest.peek().map(|(_, c)| *c)
    }

    fn next(&mut self) -> Option<char> {
        self.rest.next().map(|(_, c)| c)
    }

    fn accept(&mut self, c: char) -> bool {
        self.rest.next_if(|(_, next)| *next == c).is_some()
    }

    fn translate(mut self) -> Result<(String, Vec<(String, usize)>), String> {
        let mut groups = 0_usize;
        // Whether there is something to repeat, and where a repetition just ended began.
        let mut operand = false;
        let mut repeated: Option<usize> = None;
        while let Some((at, c)) = self.rest.next() {
            if let Some(operator) = self.repetition(at, c)? {
                let end = self.position();
                if let Some(first) = repeated {
                    let text = &self.pattern[first..end];
                    return Err(format!("invalid nested repetition operator: `{text}`"));
                }
                if !operand {
                    let text = &self.pattern[at..end];
                    return Err(format!("missing argument to repetition operator: `{text}`"));
                }
                self.out.push_str(&operator);
                repeated = Some(at);
                continue;
            }
            (operand, repeated) = (true, None);
            match c {
                '\\' => self.escape(at)?,
                '[' => self.class(at)?,
                '(' => {
                    groups += usize::from(self.group(at)?);
                    operand = false;
                }
                ')' if groups == 0 => return Err(format!("unexpected ): `{}`", self.pattern)),
                ')' => {
                    groups -= 1;
                    self.out.push(')');
                }
                '|' => {
                    operand = false;
                    self.out.push('|');
                }
                '^' | '$' | '.' => self.out.push(c),
                _ => self.literal(c),
            }
        }
        if groups != 0 {
            return Err(format!("missing closing ): `{}`", self.pattern));
        }
        Ok((self.out, self.names))
    }

    fn literal(&mut self, c: char) {
        self.out
            .push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }

    /// The repetition operator at `c`, with the `?` that makes it lazy.
    fn repetition(&mut self, at: usize, c: char) -> Result<Option<String>, String> {
        let mut operator = match c {
            '*' | '+' | '?' => c.to_string(),
            '{' => {
                let text = &self.pattern[at..];
                let Some((least, most, length)) = repeat_counts(text) else {
                    return Ok(None);
                };
                let counts = &text[..length];
                if REPEAT_MAX < least || most.is_some_and(|most| REPEAT_MAX < most || most < least)
                {
                    return Err(format!("invalid repeat count: `{counts}`"));
                }
                while self.position() < at + length {
                    self.next();
                }
                counts.to_owned()
            }
            _ => return Ok(None),
        };
        if self.accept('?') {
            operator.push('?');
        }
        Ok(Some(operator))
    }

    /// Behind `(`: a name or flags. True if a group is open then.
    fn group(&mut self, at: usize) -> Result<bool, String> {
        self.out.push('(');
        if !self.accept('?') {
            self.captures += 1;
            return Ok(true);
        }
        let rest = &self.pattern[self.position()..];
        if let Some(name) = rest.strip_prefix("P<").or_else(|| rest.strip_prefix('<')) {
            let text = &self.pattern[at..];
            let length = name
                .find('>')
                .ok_or_else(|| format!("invalid named capture: `{text}`"))?;
            let is_name = |c: char| c == '_' || c.is_ascii_alphanumeric();
            if length == 0 || !name[..length].chars().all(is_name) {
                let end = text.find('>').unwrap_or(text.len() - 1);
                return Err(format!("invalid named capture: `{}`", &text[..=end]));
            }
            let name = &name[..length];
            if self.names.iter().any(|(own, _)| own == name) {
                return Err(format!("duplicate capture group name: `{name}`"));
            }
            // The crate is stricter about names, so it does not see them.
            while self.next() != Some('>') {}
            self.captures += 1;
            self.names.push((name.to_owned(), self.captures));
            return Ok(true);
        }
        self.out.push('?');
        loop {
            match self.next() {
                Some(c @ ('i' | 'm' | 's' | 'U' | '-')) => self.out.push(c),
                Some(c @ (':' | ')')) => {
                    self.out.push(c);
                    return Ok(c == ':');
                }
                _ => {
                    let text = &self.pattern[at..self.position()];
                    return Err(format!("invalid or unsupported Perl syntax: `{text}`"));
                }
            }
        }
    }

    fn escape(&mut self, at: usize) -> Result<(), String> {
        match self.peek() {
            Some('Q') => {
                self.next();
                while let Some(c) = self.next() {
                    if c == '\\' && self.accept('E') {
                        break;
                    }
                    self.literal(c);
                }
            }
            Some(c @ ('A' | 'z')) => {
                self.next();
                self.out.extend(['\\', c]);
            }
            Some(c @ ('b' | 'B')) => {
                self.next();
                self.out
                    .push_str(if c == 'b' { "(?-u:\\b)" } else { "(?-u:\\B)" });
            }
            Some('C') => {
                self.next();
                self.out.push_str("(?s-u:.)");
            }
            _ => match self.escaped_item(at)? {
                Item::Char(c) => self.literal(c),
                Item::Class(class) => self.out.push_str(&class),
            },
        }
        Ok(())
    }

    /// What an escape stands for inside and outside of a class.
    fn escaped_item(&mut self, at: usize) -> Result<Item, String> {
        let Some(c) = self.next() else {
            return Err("trailing backslash at end of expression: ``".to_owned());
        };
        let class = match c {
            'd' => "[0-9]",
            'D' => "[^0-9]",
            'w' => "[0-9A-Za-z_]",
            'W' => "[^0-9A-Za-z_]",
            's' => r"[\t\n\f\r ]",
            'S' => r"[^\t\n\f\r ]",
            'p' | 'P' => return self.unicode_class(at, c == 'P').map(Item::Class),
            _ => "",
        };
        if !class.is_empty() {
            return Ok(Item::Class(class.to_owned()));
        }
        let character = match c {
            'a' => '\x07',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            '0'..='7' => return self.octal(at, c).map(Item::Char),
            'x' => return self.hexadecimal(at).map(Item::Char),
            _ if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
            _ => return Err(self.bad_escape(at)),
        };
        Ok(Item::Char(character))
    }

    fn bad_escape(&mut self, at: usize) -> String {
        let text = &self.pattern[at..self.position()];
        format!("invalid escape sequence: `{text}`")
    }

    /// `\012`; one digit other than 0 would be a back reference.
    fn octal(&mut self, at: usize, first: char) -> Result<char, String> {
        let mut value = first.to_digit(8).unwrap_or_default();
        if first != '0' && !self.peek().is_some_and(|c| c.is_digit(8)) {
            return Err(self.bad_escape(at));
        }
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else {
                break;
            };
            self.next();
            value = value * 8 + digit;
        }
        char::from_u32(value).ok_or_else(|| self.bad_escape(at))
    }

    fn hexadecimal(&mut self, at: usize) -> Result<char, String> {
        let braces = self.accept('{');
        let mut value: u32 = 0;
        let mut digits = 0;
        while braces || digits < 2 {
            if braces && 0 < digits && self.accept('}') {
                break;
            }
            let Some(digit) = self.next().and_then(|c| c.to_digit(16)) else {
                return Err(self.bad_escape(at));
            };
            value = value.saturating_mul(16) + digit;
            digits += 1;
            if u32::from(char::MAX) < value {
                return Err(self.bad_escape(at));
            }
        }
        // Go takes a surrogate and never matches it.
        Ok(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// `\pL`, `\p{Greek}`, `\p{^Greek}`
    fn unicode_class(&mut self, at: usize, negated: bool) -> Result<String, String> {
        let mut negated = negated;
        let mut name = String::new();
        let mut closed = true;
        match self.next() {
            Some('{') => {
                negated ^= self.accept('^');
                closed = false;
                while let Some(c) = self.next() {
                    closed = c == '}';
                    if closed {
                        break;
                    }
                    name.push(c);
                }
            }
            Some(c) => name.push(c),
            None => closed = false,
        }
        let text = format!("\\{}{{{name}}}", if negated { 'P' } else { 'p' });
        let known = name == "Any" || regex::Regex::new(&text).is_ok();
        if !closed || name.is_empty() || name.contains(['=', ':', '!']) || !known {
            let text = &self.pattern[at..self.position()];
            return Err(format!("invalid character class range: `{text}`"));
        }
        Ok(text)
    }

    fn class(&mut self, at: usize) -> Result<(), String> {
        self.out.push('[');
        if self.accept('^') {
            self.out.push('^');
        }
        let mut first = true;
        loop {
            let start = self.position();
            let Some(c) = self.next() else {
                return Err(format!("missing closing ]: `{}`", &self.pattern[at..]));
            };
            if c == ']' && !first {
                break;
            }
            first = false;
            let rest = &self.pattern[start..];
            if c == '['
                && let Some(length) = rest.strip_prefix("[:").and_then(|name| name.find(":]"))
            {
                let name = &rest[..length + 4];
                if !is_posix_class(name) {
                    return Err(format!("invalid character class range: `{name}`"));
                }
                while self.position() < start + name.len() {
                    self.next();
                }
                self.out.push_str(name);
                continue;
            }
            let low = match self.class_item(start, c)? {
                Item::Class(class) => {
                    self.out.push_str(&class);
                    continue;
                }
                Item::Char(low) => low,
            };
            let mut high = low;
            let mut ahead = self.rest.clone();
            if ahead.next().is_some_and(|(_, c)| c == '-')
                && ahead.next().is_some_and(|(_, c)| c != ']')
            {
                self.next();
                let end_start = self.position();
                let c = self.next().unwrap_or_default();
                let bound = self.class_item(end_start, c)?;
                let text = &self.pattern[start..self.position()];
                match bound {
                    Item::Char(bound) if low <= bound => high = bound,
                    _ => return Err(format!("invalid character class range: `{text}`")),
                }
            }
            let code = |c| format!("\\x{{{:x}}}", u32::from(c));
            self.out.push_str(&code(low));
            if low != high {
                self.out.push('-');
                self.out.push_str(&code(high));
            }
        }
        self.out.push(']');
        Ok(())
    }

    fn class_item(&mut self, at: usize, c: char) -> Result<Item, String> {
        if c == '\\' {
            self.escaped_item(at)
        } else {
            Ok(Item::Char(c))
        }
    }
}

/// `{n}`, `{n,}` or `{n,m}` at the start of `text`: both counts and the length.
fn repeat_counts(text: &str) -> Option<(u32, Option<u32>, usize)> {
    let end = text.find('}')?;
    let number = |digits: &str| {
        let fine = !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0'));
        fine.then(|| digits.parse().unwrap_or(u32::MAX))
    };
    let (least, most) = match text[1..end].split_once(',') {
        None => {
            let count = number(&text[1..end])?;
            (count, Some(count))
        }
        Some((least, "")) => (number(least)?, None),
        Some((least, most)) => (number(least)?, Some(number(most)?)),
    };
    Some((least, most, end + 1))
}

fn is_posix_class(name: &str) -> bool {
    let inner = name
        .trim_start_matches("[:")
        .trim_end_matches(":]")
        .trim_start_matches('^');
    matches!(
        inner,
        "alnum"
            | "alpha"
            | "ascii"
            | "blank"
            | "cntrl"
            | "digit"
            | "graph"
            | "lower"
            | "print"
            | "punct"
            | "space"
            | "upper"
            | "word"
            | "xdigit"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_match(pattern: &str, text: &str) -> bool {
        Regexp::new(pattern)
            .expect(pattern)
            .is_match(text.as_bytes())
    }

    #[test]
    fn classes_are_ascii() {
        assert!(!is_match(r"^\d$", "٣"));
        assert!(!is_match(r"^\w$", "é"));
        assert!(is_match(r"^[\D]$", "é"));
        assert!(is_match(r"é\b", "aé b") != is_match(r"é\B", "aé b"));
        assert!(is_match(r"^\pL$", "é"));
        assert!(is_match(r"^.$", "é"));
    }

    #[test]
    fn brackets_and_braces_may_be_characters() {
        assert!(is_match("^[[]a{,2}$", "[a{,2}"));
        assert!(is_match("^[a-c&&]+$", "b&"));
        assert!(is_match("^[]-]+$", "]-"));
        assert!(is_match("^a{2}$", "aa"));
        assert!(is_match(r"^\Qa.b\E$", "a.b"));
        assert!(is_match(r"^\x{41}\101[[:digit:]]$", "AA7"));
    }

    #[test]
    fn messages_are_those_of_go() {
        for (pattern, message) in [
            ("[", "missing closing ]: `[`"),
            ("a)", "unexpected ): `a)`"),
            ("(a", "missing closing ): `(a`"),
            ("*a", "missing argument to repetition operator: `*`"),
            ("a**", "invalid nested repetition operator: `**`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            (r"\q", r"invalid escape sequence: `\q`"),
            (r"\1", r"invalid escape sequence: `\1`"),
            ("[z-a]", "invalid character class range: `z-a`"),
            ("(?i", "invalid or unsupported Perl syntax: `(?i`"),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
            (r"\", "trailing backslash at end of expression: ``"),
        ] {
            let text = Regexp::new(pattern).expect_err(pattern);
            assert_eq!(text, format!("error parsing regexp: {message}"));
        }
    }

    #[test]
    fn templates_name_groups_by_number_and_by_name() {
        let expand = |pattern, text, template| {
            let regexp = Regexp::new(pattern).expect("a pattern");
            regexp.expand(text, template)
        };
        let all = "$1-${1}x-$1x-$name-${name}-$$-$-${-$9";
        assert_eq!(
            expand("^(a+)(?P<name>b)$", "aab", all).as_deref(),
            Some("aa-aax--b-b-$-$-${-")
        );
        assert_eq!(expand("^a$", "b", all), None);
        assert!(Regexp::new("(?P<n>a)(?P<n>b)").is_err());
    }

    #[test]
    fn huge_patterns_are_refused() {
        assert!(Regexp::new("((a{1000}){1000}){1000}").is_err());
    }
}
