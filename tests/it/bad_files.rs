//! Files that users could have written: the bad ones with everything that is said about them, as
//! it is shown, and the good ones.

use std::path::{Path, PathBuf};

use rstest::rstest;
use seatrial::{
    model::{
        asking::AnsweredBy,
        deed::Where,
        lab::Parameter,
        load::{Loader, Shelf, template_front_matter},
        problems::Problems,
        scenario::{Action, FaultKind, Scenario},
        source::SourceFile,
        template::FrontMatter,
    },
    verdict::case::Case,
};

/// Three templates and a lab, as the program would ship them.
struct OneOfEach;

const KIND_BASIC: &str = "---
provider: kind
parameters:
  workers: {type: integer, default: 0, minimum: 0, maximum: 9}
---
kind: Cluster
";
const KIND_STRICT: &str = "---
provider: kind
parameters:
  workers: {type: integer, default: 0}
  zone: {type: string}
---
kind: Cluster
";

const KIND_SKEW: &str = "---
provider: kind
parameters:
  worker_kubernetes: {type: version}
---
kind: Cluster
";

impl Shelf for OneOfEach {
    fn template(&self, name: &str) -> Option<FrontMatter> {
        let text = match name {
            "kind-basic" => KIND_BASIC,
            "kind-skew" => KIND_SKEW,
            "kind-strict" => KIND_STRICT,
            _ => return None,
        };
        let file = SourceFile::new(name, text);
        Some(template_front_matter(&file).expect("a shipped template is good").0)
    }

    fn template_names(&self) -> Vec<String> {
        ["kind-basic", "kind-skew", "kind-strict"].map(str::to_owned).into()
    }

    fn shipped_lab(&self, name: &str) -> Option<SourceFile> {
        let text = "apiVersion: seatrial/v1\nkind: Lab\nname: one\nclusters: {eu: {labels: {region: eu}}, us: {labels: {region: us}}}\n";
        (name == "two-regions").then(|| SourceFile::new("shipped", text))
    }

    fn shipped_lab_names(&self) -> Vec<String> {
        vec!["two-regions".to_owned()]
    }
}

/// The problems of a file, which must have some.
fn problems(path: &Path) -> Problems {
    let loader = Loader::new(&OneOfEach);
    let file = match SourceFile::read(path) {
        Ok(file) => file,
        Err(problems) => return problems,
    };
    let base = path.parent();
    let kind = base.and_then(Path::file_name).and_then(|name| name.to_str());
    let outcome = match kind {
        Some("labs") => loader.lab(&file).map(drop),
        Some("scenarios") => loader.scenario(&file, base).map(drop),
        _ => template_front_matter(&file).map(drop),
    };
    outcome.expect_err("the file is bad")
}

#[rstest]
fn a_bad_file_gets_all_its_problems_shown(#[files("tests/bad/*/*.yaml")] path: PathBuf) {
    let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("it is in the repository");
    let kind = path.parent().and_then(Path::file_name).expect("it is in a directory");
    let name = format!("{}-{}", kind.display(), path.file_stem().expect("it has a name").display());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../bad/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, problems(path).render(false, 100)));
}

#[rstest]
#[case("tests/bad/labs", "is a directory")]
#[case("tests/bad/labs/tap.yaml", "does not exist")]
fn what_cannot_be_read_is_named(#[case] path: &str, #[case] message: &str) {
    let problems = SourceFile::read(Path::new(path)).expect_err("it cannot be read");
    let rendered = problems.render(false, 100);
    assert!(rendered.contains(&format!("`{path}` {message}")), "{rendered}");
}

#[test]
fn a_good_scenario_is_loaded_with_every_reference_resolved() {
    let path = Path::new("tests/good/regional-failover.yaml");
    let file = SourceFile::read(path).expect("it can be read");
    let scenario = match Loader::new(&OneOfEach).scenario(&file, path.parent()) {
        Ok(scenario) => scenario,
        Err(problems) => panic!("{}", problems.render(false, 100)),
    };
    assert_eq!(scenario.roles["survivor"].cluster.to_string(), "us");
    assert_eq!(scenario.lab.name.to_string(), "two-regions");
    let (eu, us) = (&scenario.lab.clusters["eu"], &scenario.lab.clusters["us"]);
    assert_eq!(eu.parameters["workers"], Parameter::Integer(1));
    assert_eq!(us.parameters["workers"], Parameter::Integer(0));
    assert_eq!(us.labels["tier"], "front");
    assert_eq!((eu.keep_bootstrap_token, us.keep_bootstrap_token), (false, true));
    let paths = scenario.isolation.expect("it is there").paths;
    let shown: Vec<String> = paths.iter().map(|path| format!("{path}: {}", path.expect)).collect();
    let expected = [
        "eu -> us via pod: deny",
        "eu -> us via service: deny",
        "us -> eu via pod: deny",
        "us -> eu via service: deny",
        "eu -> us via node-port: allow",
        "eu -> us via api-server: allow",
        "us -> eu via published-api: deny",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn the_body_of_a_template_starts_behind_its_front_matter() {
    let (_, body) = template_front_matter(&SourceFile::new("t", KIND_BASIC)).expect("it is good");
    assert_eq!(&KIND_BASIC[body..], "kind: Cluster\n");
}

#[test]
fn a_workload_of_ones_own_is_loaded_with_what_it_runs_and_who_tells_its_cluster() {
    let path = Path::new("tests/scenarios/own-workload.yaml");
    let file = SourceFile::read(path).expect("it can be read");
    let scenario = match Loader::new(&OneOfEach).scenario(&file, path.parent()) {
        Ok(scenario) => scenario,
        Err(problems) => panic!("{}", problems.render(false, 100)),
    };
    let workload = &scenario.workload;
    let controllers: Vec<_> = workload.controllers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(controllers, ["shop", "edge"]);
    let images = ["registry.k8s.io/e2e-test-images/agnhost:2.53", "haproxy:2.6"];
    assert_eq!(workload.images, images);
    let web = &workload.endpoints["web"];
    assert_eq!((web.service.name.as_str(), web.check.as_str()), ("edge", "/healthz"));
    assert_eq!(workload.endpoints["back"].check, "/echo?msg=gone&code=410");
    let shop = &scenario.traffic["shop"].asking;
    assert_eq!(shop.headers, [("x-tenant".to_owned(), "acme".to_owned())]);
    assert_eq!(shop.answered_by, Some(AnsweredBy::Header("x-node".to_owned())));
    assert_eq!(scenario.traffic["back"].asking.answered_by, None);
    assert_eq!(scenario.traffic["back"].asking.expect.status, 410);
    assert_eq!(scenario.behind_front_door(), Some(web));
}

#[test]
fn each_variant_is_the_scenario_with_its_differences() {
    let path = Path::new("tests/good/variants-and-repeats.yaml");
    let file = SourceFile::read(path).expect("it can be read");
    let loaded = Loader::new(&OneOfEach).variants(&file, path.parent(), &[]);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
    let of = |name: &str| loaded.named(name).expect("it is declared");
    let kind = |name: &str| match &of(name).steps[0].action {
        Action::Fault(fault) => fault.kind,
        Action::Deed(_) | Action::Heal { .. } => panic!("it is a fault"),
    };
    assert_eq!((kind("base"), kind("kill")), (FaultKind::ClusterPause, FaultKind::ClusterKill));
    let tier = |name: &str| of(name).lab.clusters["eu"].labels["example.com/tier"].clone();
    assert_eq!((tier("base"), tier("quoted")), ("front".to_owned(), "back".to_owned()));
    assert_eq!(of("whole").expect[0].to_string(), "shop.wrong == 0");
    assert_eq!(of("whole").repeat.map(|repeat| (repeat.runs, repeat.sham)), Some((1, 1)));
    assert!(
        of("base").traffic["shop"].slow.is_none() && of("new-key").traffic["shop"].slow.is_some()
    );
    assert_eq!(of("window").traffic["shop"].allowed.len(), 2);
    assert_eq!(of("kill").title(), "variants-and-repeats (kill)");
    // All but what it names is as it was.
    let base = of("base").clone();
    let back = Scenario { expect: base.expect.clone(), repeat: base.repeat, ..of("whole").clone() };
    assert_eq!(Scenario { variant: None, ..back }, base);
}

#[test]
fn settings_win_over_variants() {
    let path = Path::new("tests/good/variants-and-repeats.yaml");
    let file = SourceFile::read(path).expect("it can be read");
    let set = ["steps.freeze.fault.kind=cluster-stop".to_owned(), "repeat.runs=7".to_owned()];
    let loaded = Loader::new(&OneOfEach).variants(&file, path.parent(), &set);
    let loaded = loaded.unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
    for scenario in loaded.all() {
        let Action::Fault(fault) = &scenario.steps[0].action else { panic!("it is a fault") };
        assert_eq!(fault.kind, FaultKind::ClusterStop, "{}", scenario.title());
        assert_eq!(scenario.repeat.expect("it has one").runs, 7);
        assert_eq!(scenario.set, set);
    }
}

#[test]
fn a_role_may_be_played_by_many_clusters() {
    let path = Path::new("tests/good/roles-of-many.yaml");
    let file = SourceFile::read(path).expect("it can be read");
    let scenario = Loader::new(&OneOfEach).scenario(&file, path.parent());
    let scenario = scenario.unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
    let clusters: Vec<&str> = scenario.roles["rest"].clusters().map(|name| &**name).collect();
    assert_eq!(clusters, ["us", "ap"]);
    let rest = Where::Roles(vec!["rest".parse().expect("a name")]);
    let at = |places: &Where| {
        let clusters = scenario.clusters_at(places).into_iter();
        clusters.map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(at(&rest), ["us", "ap"]);
    assert_eq!(at(&Where::All), ["eu", "us", "ap"]);
    let case = Case::of(&scenario);
    assert_eq!(case.streams[0].answers, ["eu", "us", "ap"]);
    assert_eq!(case.streams[0].allowed[0].clusters, ["us", "ap"]);
    assert_eq!(case.clusters_of("rest"), Some(vec!["us", "ap"]));
}
