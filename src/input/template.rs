//! Templates in the text: Argo's own `{{args.x}}` without quotes, and Helm's directives.
//!
//! Knows how the two are told apart. Refuses to know what they expand to.

use std::ops::Range;

use super::syntax::UNQUOTED;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::wording::quoted;

/// The rule that Helm's templates break.
pub(crate) const HELM: &str = "helm-template";

/// What Helm's directives begin with, apart from values.
const HELM_WORDS: [&str; 17] = [
    "if", "else", "end", "range", "with", "include", "template", "define", "block", "toYaml",
    "tpl", "quote", "default", "required", "lookup", "fail", "printf",
];

/// The first directive of Helm in a text \[byte\].
pub(crate) fn helm_directive(text: &str) -> Option<Range<usize>> {
    let mut from = 0;
    while let Some(found) = text[from..].find("{{") {
        let start = from + found;
        from = start + 2;
        if is_helm(&text[from..]) {
            let line = text[start..].lines().next().unwrap_or_default();
            let length = line.find("}}").map_or(line.len(), |end| end + 2);
            return Some(start..start + length);
        }
    }
    None
}

/// A document that is still a template of Helm.
pub(crate) fn helm(directive: &str) -> Diagnostic {
    let message = format!("{} is a directive of Helm, not YAML", quoted(directive));
    let help = "expand the chart first: `helm template . | coalmine ...`";
    Diagnostic::error(HELM, message).help(help)
}

/// A template that YAML takes for a mapping because it has no quotes.
pub(crate) fn unquoted(written: &str) -> Diagnostic {
    if helm_directive(written).is_some() {
        return helm(written);
    }
    let written = written.lines().next().unwrap_or_default();
    let message = format!(
        "without quotes YAML takes {} for a mapping",
        quoted(written)
    );
    let help = format!("put it in quotes: `\"{written}\"`");
    Diagnostic::error(UNQUOTED, message).help(help)
}

/// Whether what follows two braces is Helm's: a value (`.Values`, `$x`), a word of its language or
/// a comment. Argo's own templates begin with a name (`args.x`).
fn is_helm(inside: &str) -> bool {
    let inside = inside.strip_prefix('-').unwrap_or(inside).trim_start();
    let is_value = inside
        .strip_prefix('.')
        .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_uppercase()));
    let word = inside
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
        .next();
    is_value
        || inside.starts_with('$')
        || inside.starts_with("/*")
        || word.is_some_and(|word| HELM_WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_of_helm_are_told_from_templates_of_argo() {
        for helm in [
            "{{ .Values.x }}",
            "{{- if .Values.x }}",
            "{{ include \"a.b\" . }}",
            "{{$x}}",
            "{{- /* a */}}",
            "{{ end }}",
            "{{args.a}} {{- end}}",
        ] {
            assert!(helm_directive(helm).is_some(), "{helm}");
        }
        for argo in [
            "{{args.x}}",
            "{{ args.default }}",
            "{{ inputs.end }}",
            "{ .Values }",
            "{{",
            "{{ends}}",
        ] {
            assert_eq!(helm_directive(argo), None, "{argo}");
        }
    }
}
