//! Values as block YAML that every reader understands alike. Strings are always quoted: kind reads
//! by the rules of YAML 1.1, where a plain `no` is false and `1.30` a number.

use serde_json::Value;

/// A value as block YAML, with a line break at its end.
pub(super) fn block(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

/// Writes a value whose first line has been begun already.
fn write(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                begin_line(index, indent, text);
                text.push_str("- ");
                write(item, indent + 2, text);
            }
        }
        Value::Object(fields) if !fields.is_empty() => {
            for (index, (key, item)) in fields.iter().enumerate() {
                begin_line(index, indent, text);
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write_field(item, indent, text);
            }
        }
        // A scalar, or nothing in brackets: JSON is YAML.
        scalar => {
            text.push_str(&scalar.to_string());
            text.push('\n');
        }
    }
}

fn write_field(value: &Value, indent: usize, text: &mut String) {
    let nested = match value {
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => false,
    };
    if nested {
        text.push('\n');
        text.push_str(&" ".repeat(indent + 2));
        write(value, indent + 2, text);
    } else {
        text.push(' ');
        write(value, indent, text);
    }
}

fn begin_line(index: usize, indent: usize, text: &mut String) {
    if index > 0 {
        text.push_str(&" ".repeat(indent));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn nested_values_are_indented() {
        let value = json!({"a": [1, {"b": "no", "c": []}], "d": {"e": null}});
        assert_eq!(
            block(&value),
            "\"a\":\n  - 1\n  - \"b\": \"no\"\n    \"c\": []\n\"d\":\n  \"e\": null\n"
        );
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[ -~]{0,6}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in values()) {
            let read: Value = serde_yaml::from_str(&block(&value)).expect("it is YAML");
            prop_assert_eq!(read, value);
        }
    }
}
