//! JSON that is read as far as it is asked, and no further: what is not used may be of any type, twice, or missing.
//!
//! For the records that the typed readers of the wires do not take. A field costs one look through its object.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Deserializer, Error, Value};

/// One JSON value.
#[derive(Clone, Copy, Debug)]
pub(in crate::provider) struct Loose<'a>(&'a str);

impl<'a> Loose<'a> {
    /// The value that a text is.
    pub(in crate::provider) fn parse(text: &'a str) -> Result<Self, Error> {
        serde_json::from_str::<&RawValue>(text).map(|raw| Self(raw.get()))
    }

    /// The JSON itself.
    pub(in crate::provider) fn json(self) -> &'a str {
        self.0
    }

    fn begins_with(self, byte: u8) -> bool {
        self.0.as_bytes().first() == Some(&byte)
    }

    /// Whether it is an object.
    pub(in crate::provider) fn is_object(self) -> bool {
        self.begins_with(b'{')
    }

    /// Whether it is a list.
    pub(in crate::provider) fn is_list(self) -> bool {
        self.begins_with(b'[')
    }

    /// Whether it is a string.
    pub(in crate::provider) fn is_string(self) -> bool {
        self.begins_with(b'"')
    }

    /// Whether it stands for nothing.
    pub(in crate::provider) fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// A field of an object. Of one that is there twice, the last that is not null.
    pub(in crate::provider) fn get(self, name: &str) -> Option<Self> {
        if !self.is_object() {
            return None;
        }
        Deserializer::from_str(self.0).deserialize_map(Field(name)).ok()?
    }

    /// All fields of an object, for who asks for many; none when it is no object.
    pub(in crate::provider) fn fields(self) -> Fields<'a> {
        if !self.is_object() {
            return Fields(Vec::new());
        }
        let fields = Deserializer::from_str(self.0).deserialize_map(AllFields);
        Fields(fields.unwrap_or_default())
    }

    /// The items of a list; none when it is no list.
    pub(in crate::provider) fn items(self) -> Vec<Self> {
        if !self.is_list() {
            return Vec::new();
        }
        let items = Deserializer::from_str(self.0).deserialize_seq(Items);
        items.unwrap_or_default()
    }

    /// The bytes of a string; halves of surrogate pairs as they would be written in UTF-8.
    pub(in crate::provider) fn string(self) -> Option<Vec<u8>> {
        if !self.is_string() {
            return None;
        }
        Deserializer::from_str(self.0).deserialize_bytes(Bytes).ok()
    }

    /// A string that is read by machines.
    pub(in crate::provider) fn word(self) -> Option<String> {
        let bytes = self.string()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A whole number, in digits or as servers in other languages write it: `12.0`, `"12"`.
    pub(in crate::provider) fn number(self) -> Option<i64> {
        let word = self.word();
        let digits = word.as_deref().unwrap_or(self.0).trim();
        let whole = digits.split_once('.').map_or(digits, |(whole, rest)| {
            let is_whole = !rest.is_empty() && rest.bytes().all(|byte| byte == b'0');
            if is_whole { whole } else { digits }
        });
        whole.parse().ok()
    }

    /// The value in full, for what errors say.
    pub(in crate::provider) fn value(self) -> Value {
        serde_json::from_str(self.0).unwrap_or_default()
    }
}

/// The fields of an object.
pub(in crate::provider) struct Fields<'a>(Vec<(Vec<u8>, Loose<'a>)>);

impl<'a> Fields<'a> {
    /// As [`Loose::get`].
    pub(in crate::provider) fn get(&self, name: &str) -> Option<Loose<'a>> {
        let named = |(key, value): &&(Vec<u8>, Loose<'a>)| key == name.as_bytes() && !value.is_null();
        self.0.iter().rfind(named).map(|(_, value)| *value)
    }
}

/// Collects all fields.
struct AllFields;

impl<'de> Visitor<'de> for AllFields {
    type Value = Vec<(Vec<u8>, Loose<'de>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(key) = fields.next_key_seed(Key)? {
            found.push((key, Loose(fields.next_value::<&RawValue>()?.get())));
        }
        Ok(found)
    }
}

/// A key, which need not be Unicode either.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Vec<u8>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Vec<u8>, D::Error> {
        deserializer.deserialize_bytes(Bytes)
    }
}

/// Looks for a field.
struct Field<'n>(&'n str);

impl<'de> Visitor<'de> for Field<'_> {
    type Value = Option<Loose<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = fields.next_key_seed(IsNamed(self.0))? {
            let value = Loose(fields.next_value::<&RawValue>()?.get());
            if is_it && !value.is_null() {
                found = Some(value);
            }
        }
        Ok(found)
    }
}

/// Whether a key is this name. Keys need not be Unicode either.
struct IsNamed<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for IsNamed<'_> {
    type Value = bool;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl Visitor<'_> for IsNamed<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<bool, E> {
        Ok(key == self.0.as_bytes())
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

/// Collects a list.
struct Items;

impl<'de> Visitor<'de> for Items {
    type Value = Vec<Loose<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = items.next_element::<&RawValue>()? {
            found.push(Loose(item.get()));
        }
        Ok(found)
    }
}

/// Copies the bytes of a string.
struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        Ok(text.as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loose(json: &str) -> Loose<'_> {
        Loose::parse(json).unwrap()
    }

    #[test]
    fn a_field_may_stand_twice_among_anything() {
        let record = loose(r#"{"\ud83d": 1, "a": "x", "b": {"c": [1, {}]}, "a": "y", "a": null, "n": null}"#);
        assert_eq!(record.get("a").unwrap().word().unwrap(), "y");
        assert_eq!(record.get("b").and_then(|b| b.get("c")).unwrap().items().len(), 2);
        assert!(record.get("n").is_none() && record.get("z").is_none());
        assert!(loose("[1]").get("a").is_none() && loose("7").items().is_empty());
        assert_eq!(loose(r#"{"\u0061": 5}"#).get("a").unwrap().number(), Some(5));
    }

    #[test]
    fn numbers_are_read_as_servers_write_them_if_they_are_whole() {
        let cases = [
            ("12", Some(12)),
            ("-35", Some(-35)),
            ("12.0", Some(12)),
            ("\"12\"", Some(12)),
            ("12.5", None),
            ("18446744073709551615", None),
            ("\"\"", None),
            ("\"many\"", None),
            ("{}", None),
            ("true", None),
            ("1e3", None),
        ];
        for (json, number) in cases {
            assert_eq!(loose(json).number(), number, "{json}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused_at_once() {
        for text in ["", "{", "{\"a\": }", "ping", "{} {}", "{\"a\": \"\\x\"}"] {
            assert!(Loose::parse(text).is_err(), "{text}");
        }
    }
}
