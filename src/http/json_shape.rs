//! The shape of a JSON text before anybody parses it: how deep it is nested, how many parts a list or an object
//! has. Says nothing of whether it is JSON at all.

/// Deepest nesting.
pub(super) const DEEPEST: usize = 32;
/// Most parts of one list or object.
pub(super) const LONGEST: usize = 10_000;

/// What is wrong with a shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misshapen {
    TooDeep,
    TooLong,
}

/// Follows brackets and commas outside of strings; one pass, a fixed amount of memory.
pub(super) fn check_shape(json: &[u8]) -> Result<(), Misshapen> {
    let mut commas = [0_usize; DEEPEST];
    let mut depth = 0_usize;
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'[' | b'{' => {
                *commas.get_mut(depth).ok_or(Misshapen::TooDeep)? = 0;
                depth += 1;
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => {
                let Some(count) = depth.checked_sub(1).and_then(|inner| commas.get_mut(inner)) else {
                    continue;
                };
                *count += 1;
                if *count >= LONGEST {
                    return Err(Misshapen::TooLong);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn nested(depth: usize) -> String {
        "[".repeat(depth) + &"]".repeat(depth)
    }

    #[test]
    fn the_deepest_nesting_passes_and_one_more_does_not() {
        assert_eq!(check_shape(nested(DEEPEST).as_bytes()), Ok(()));
        assert_eq!(
            check_shape(nested(DEEPEST + 1).as_bytes()),
            Err(Misshapen::TooDeep)
        );
        assert_eq!(
            check_shape("{\"a\":".repeat(DEEPEST + 1).as_bytes()),
            Err(Misshapen::TooDeep)
        );
    }

    #[test]
    fn the_longest_list_passes_and_one_more_does_not() {
        let list = |parts: usize| serde_json::to_vec(&vec![0; parts]).expect("JSON");
        assert_eq!(check_shape(&list(LONGEST)), Ok(()));
        assert_eq!(check_shape(&list(LONGEST + 1)), Err(Misshapen::TooLong));
        let siblings = format!("[{0},{0},{0}]", String::from_utf8(list(LONGEST)).expect("UTF-8"));
        assert_eq!(
            check_shape(siblings.as_bytes()),
            Ok(()),
            "each list has its own count"
        );
    }

    #[test]
    fn brackets_in_strings_are_text() {
        let text = format!("{{\"message\":\"\\\"{}\\\\\"}}", "[{,".repeat(20_000));
        assert_eq!(check_shape(text.as_bytes()), Ok(()));
        assert_eq!(
            check_shape(b"\"never closed [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["),
            Ok(())
        );
    }

    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(parts) => 1 + parts.iter().map(depth).max().unwrap_or(0),
            Value::Object(parts) => 1 + parts.values().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<i64>().prop_map(Value::from), ".*".prop_map(Value::from)];
        leaf.prop_recursive(48, 96, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::hash_map(".*", inner, 0..3)
                    .prop_map(|parts| Value::Object(parts.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_text_passes_if_and_only_if_the_parsed_value_is_shallow(value in any_json()) {
            let json = serde_json::to_vec(&value).expect("JSON");
            prop_assert_eq!(check_shape(&json).is_ok(), depth(&value) <= DEEPEST);
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
            let _ = check_shape(&bytes);
        }
    }
}
