//! Base64 with padding, as in RFC 4648 section 4.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The text for `bytes`.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, i| {
            bits << 8 | u32::from(*group.get(i).unwrap_or(&0))
        });
        for i in 0..4 {
            let index = (bits >> (18 - 6 * i) & 63) as usize;
            out.push(if i <= group.len() {
                char::from(ALPHABET[index])
            } else {
                '='
            });
        }
    }
    out
}

/// The bytes of a text; line ends in it are skipped. The error is the offset of the first wrong
/// byte.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, usize> {
    let symbols: Vec<(usize, u8)> = text
        .bytes()
        .enumerate()
        .filter(|(_, b)| !matches!(b, b'\n' | b'\r'))
        .collect();
    let mut out = Vec::with_capacity(symbols.len() / 4 * 3);
    let mut groups = symbols.chunks(4);
    while let Some(group) = groups.next() {
        let content = group.iter().take_while(|(_, b)| *b != b'=').count();
        let mut bits: u32 = 0;
        for (at, symbol) in &group[..content] {
            let value = ALPHABET.iter().position(|b| b == symbol).ok_or(*at)?;
            bits = bits << 6 | u32::try_from(value).unwrap_or_default();
        }
        match (content, group.get(content)) {
            (4, _) => {}
            // Too short, and without the padding that would excuse it.
            (_, None) => return Err(group[0].0),
            (..2, Some((at, _))) => return Err(*at),
            (_, Some(_)) => {
                if group.len() < 4 {
                    return Err(text.len());
                }
                if let Some((at, _)) = group[content..].iter().find(|(_, b)| *b != b'=') {
                    return Err(*at);
                }
                if let Some(after) = groups.next() {
                    return Err(after[0].0);
                }
            }
        }
        let padding = 4 - content;
        bits <<= 6 * padding;
        out.extend(&bits.to_be_bytes()[1..4 - padding]);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_can_be_decoded() {
        for (bytes, text) in [("", ""), ("a", "YQ=="), ("ab", "YWI="), ("abc", "YWJj")] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text), Ok(bytes.as_bytes().to_vec()));
        }
        assert_eq!(decode("YQ="), Err(3));
        assert_eq!(decode("YQ==YQ=="), Err(4));
        assert_eq!(decode("YQ"), Err(0));
        assert_eq!(decode("Y!=="), Err(1));
    }
}
