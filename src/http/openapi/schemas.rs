//! The schemas of the document. A type that is given has all its fields; in one that is taken some may be absent.

use schemars::JsonSchema;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value};

/// Makes schemas and remembers the ones with a name.
pub(super) struct Schemas {
    given: SchemaGenerator,
    taken: SchemaGenerator,
    named: Map<String, Value>,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            given: settings().for_serialize().into_generator(),
            taken: settings().for_deserialize().into_generator(),
            named: Map::new(),
        }
    }

    /// The schema of what this service answers with.
    pub(super) fn given<T: JsonSchema>(&mut self) -> Value {
        self.given.subschema_for::<T>().to_value()
    }

    /// The schema of what this service reads.
    pub(super) fn taken<T: JsonSchema>(&mut self) -> Value {
        self.taken.subschema_for::<T>().to_value()
    }

    /// The same without a name.
    pub(super) fn inline<T: JsonSchema>(&mut self) -> Value {
        T::json_schema(&mut self.taken).to_value()
    }

    /// Gives a schema that no type has a name.
    pub(super) fn name(&mut self, name: &str, schema: Value) -> Value {
        self.named.insert(name.to_owned(), schema);
        serde_json::json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    /// All schemas with a name, and the names that stand for two different ones.
    pub(super) fn finish(mut self) -> (Map<String, Value>, Vec<String>) {
        let mut all = self.named;
        let mut ambiguous = Vec::new();
        let made = self.given.take_definitions(true).into_iter();
        for (name, schema) in made.chain(self.taken.take_definitions(true)) {
            if all.get(&name).is_some_and(|known| *known != schema) {
                ambiguous.push(name.clone());
            }
            all.insert(name, schema);
        }
        (all, ambiguous)
    }
}
