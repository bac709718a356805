use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use rstest::rstest;
use serde_json::Value;

use super::Document;
use crate::{
    model::{
        decode::asked,
        load::{Loader, template_front_matter},
        source::SourceFile,
    },
    template::Catalogue,
};

/// Files under `tests/bad` whose shape is right: only reading them whole tells what is wrong.
const WELL_SHAPED: [&str; 25] = [
    "labs/apart-and-connected.yaml",
    "labs/duplicate-keys.yaml",
    "labs/template-parameters.yaml",
    "scenarios/expectations-of-other-shapes.yaml",
    "scenarios/foregone.yaml",
    "scenarios/isolation-in-one-cluster.yaml",
    "scenarios/isolation-without-roles.yaml",
    "scenarios/lab-absolute.yaml",
    "scenarios/lab-file-missing.yaml",
    "scenarios/lab-not-shipped.yaml",
    "scenarios/lab-not-yaml.yaml",
    "scenarios/lab-outside.yaml",
    "scenarios/names.yaml",
    "scenarios/no-front-door.yaml",
    "scenarios/nothing-after.yaml",
    "scenarios/overlapping-faults.yaml",
    "scenarios/ports.yaml",
    "scenarios/roles.yaml",
    "scenarios/variants-of-a-bad-scenario.yaml",
    "scenarios/variants-of-a-lab-file.yaml",
    "scenarios/workload-echo-tells.yaml",
    "scenarios/workload-manifests.yaml",
    "scenarios/workload-ports.yaml",
    "scenarios/workload-untold.yaml",
    "templates/duplicate-keys.yaml",
];

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn yaml_files(dir: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository(dir)).expect("it is there");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ext| ext == "yaml")).collect();
    files.sort();
    files
}

fn good_files() -> Vec<(Document, PathBuf)> {
    let of = |document, dir| yaml_files(dir).into_iter().map(move |path| (document, path));
    of(Document::Lab, "scenarios/labs")
        .chain(of(Document::Scenario, "scenarios"))
        .chain(of(Document::Scenario, "tests/scenarios"))
        .chain(of(Document::Scenario, "tests/good"))
        .chain(of(Document::Template, "templates/clusters"))
        .collect()
}

/// A file as programs see it that know no more of YAML than its values.
fn values(document: Document, path: &Path) -> Option<Value> {
    let text = String::from_utf8(fs::read(path).ok()?).ok()?;
    let text = match document {
        Document::Template => text.strip_prefix("---\n")?.split_once("\n---\n")?.0.to_owned(),
        Document::Lab | Document::Scenario => text,
    };
    serde_yaml::from_str(&text).ok()
}

fn is_valid(document: Document, value: &Value) -> Result<(), String> {
    let schema: Value = serde_json::from_str(&document.schema()).expect("it is JSON");
    let validator = jsonschema::validator_for(&schema).expect("it is a schema");
    validator.validate(value).map_err(|error| format!("{} at {}", error, error.instance_path()))
}

#[test]
fn what_can_be_read_is_valid() {
    let files = good_files();
    assert!(files.len() >= 6, "{files:?}");
    for (document, path) in files {
        let value = values(document, &path).expect("it is YAML");
        is_valid(document, &value).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}

#[rstest]
#[case(Document::Lab, "labs")]
#[case(Document::Scenario, "scenarios")]
#[case(Document::Template, "templates")]
fn what_has_a_wrong_shape_is_not(#[case] document: Document, #[case] dir: &str) {
    let files = yaml_files(&format!("tests/bad/{dir}"));
    let well_shaped = files.iter().filter_map(|path| {
        // What is no YAML needs no schema.
        let value = values(document, path)?;
        let name = format!("{dir}/{}", path.file_name()?.to_string_lossy());
        is_valid(document, &value).is_ok().then_some(name)
    });
    let listed = WELL_SHAPED.into_iter().filter(|name| name.starts_with(dir));
    assert_eq!(well_shaped.collect::<Vec<_>>(), listed.collect::<Vec<_>>());
}

/// The keys of all objects of a schema, by their titles.
fn described(schema: &Value, keys: &mut BTreeMap<String, BTreeSet<String>>) {
    if let (Some(Value::String(title)), Some(Value::Object(properties))) =
        (schema.get("title"), schema.get("properties"))
    {
        keys.entry(title.clone()).or_default().extend(properties.keys().cloned());
    }
    match schema {
        Value::Object(entries) => entries.values().for_each(|entry| described(entry, keys)),
        Value::Array(items) => items.iter().for_each(|item| described(item, keys)),
        _ => {}
    }
}

#[test]
fn every_key_that_can_be_read_is_described_and_the_other_way_round() {
    let catalogue = Catalogue::shipped().expect("it is good");
    let loader = Loader::new(&catalogue);
    asked::forget();
    for (document, path) in good_files() {
        let file = SourceFile::read(&path).expect("it can be read");
        let read = match document {
            Document::Lab => loader.lab(&file).map(drop),
            Document::Scenario => loader.scenario(&file, path.parent()).map(drop),
            Document::Template => template_front_matter(&file).map(drop),
        };
        read.unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
    }
    let mut keys = BTreeMap::new();
    for document in Document::ALL {
        described(&serde_json::from_str(&document.schema()).expect("JSON"), &mut keys);
    }
    assert_eq!(asked::so_far(), keys);
}

#[test]
fn the_schemas_of_the_repository_are_these() {
    for document in Document::ALL {
        let path = repository("schemas").join(format!("{}.json", document.name()));
        let kept = fs::read_to_string(&path).expect("it is kept in the repository");
        assert!(kept == document.schema(), "{} is old: run `just schemas`", path.display());
    }
}
