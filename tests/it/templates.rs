//! Templates of the user's own: found, tried out, refused with their place, and bounded.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use rstest::rstest;

use crate::harness::{KUBEADM_FAILED, Kind, ONE_CLUSTER, OURS, TWO_CLUSTERS, Test};

/// Templates that read well and do not render to what they should, and what they include.
const RENDERED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bad/templates/rendered");

impl Test {
    /// A file in a directory of templates where seatrial is run.
    fn template(self, dir: &str, name: &str, text: &str) -> Self {
        self.and(|test| {
            fs::create_dir_all(test.work().join(dir)).expect("writable");
            fs::write(test.work().join(dir).join(name), text).expect("writable");
        })
    }
}

#[rstest]
fn a_bad_template_gets_what_is_wrong_with_it_shown(
    #[files("tests/bad/templates/rendered/*.yaml")] path: PathBuf,
) {
    let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
    let mut test = Test::new();
    for entry in fs::read_dir(RENDERED).expect("it is there") {
        let path = entry.expect("readable").path();
        let text = fs::read_to_string(&path).expect("it is a text");
        test = test.file(&path.file_name().expect("named").to_string_lossy(), &text);
    }
    let test = test.run_owned(&["template", "validate", &name]).code(2).stdout_is("");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../bad/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let name = format!("rendered-{}", name.trim_end_matches(".yaml"));
    settings.bind(|| insta::assert_snapshot!(name, test.ended().stderr));
}

#[test]
fn the_shipped_templates_are_sound() {
    Test::new()
        .run(["template", "validate"])
        .code(0)
        .stdout_has("kind-basic: ok (")
        .stdout_has("kind-custom: ok (")
        .stdout_has("kind-ha: ok (")
        .and(|test| assert_eq!(test.ended().stderr, ""))
        .docker_was_not_called();
}

#[test]
fn a_directory_is_no_template() {
    Test::new()
        .template("templates/odd.yaml", "x", "")
        .run(["template", "validate", "templates/odd.yaml"])
        .code(2)
        .stderr_has("`templates/odd.yaml` is a directory");
}

#[test]
fn a_directory_of_templates_that_is_not_there_is_named() {
    Test::new()
        .run(["--templates", "tempaltes", "template", "list"])
        .code(2)
        .stderr_has("`tempaltes` does not exist");
}

#[test]
fn a_users_template_goes_before_a_shipped_one_and_says_so() {
    Test::new()
        .kind(&Kind::fails())
        .template("templates", "kind-basic.yaml", OURS)
        .run(["template", "list"])
        .code(0)
        .stdout_has("templates/kind-basic.yaml (before the shipped one)")
        .run(["render", "pond.yaml"])
        .code(0)
        .stdout_has("# ours")
        .stderr_has("by templates/kind-basic.yaml, which goes before the shipped one");
}

#[test]
fn which_template_it_was_is_on_record() {
    Test::new()
        .kind(&Kind::hangs())
        .template("templates", "kind-basic.yaml", OURS)
        .start(["up", "pond.yaml"])
        .until_kind_hangs()
        .and(|test| {
            let record: serde_json::Value =
                serde_json::from_str(&test.record("pond")).expect("it is JSON");
            let template = &record["clusters"]["a"]["template"];
            assert_eq!(template["source"], "templates/kind-basic.yaml");
            assert_eq!(template["replaces"], "shipped");
        });
}

#[test]
fn a_cluster_that_is_created_later_is_made_from_the_same_template() {
    let test = Test::new()
        .file("pond.yaml", TWO_CLUSTERS)
        .kind(&Kind::stands())
        .template("templates", "kind-basic.yaml", OURS)
        .run(["up", "pond.yaml"])
        .code(0)
        .given(|world| world.remove_container("pond-b-control-plane"))
        .run(["up", "pond.yaml"])
        .code(0)
        .stderr_has_not("a: creating");
    let configs = test.world().configs();
    assert_eq!(configs.len(), 3, "{configs:?}");
    assert!(configs.iter().all(|config| config.contains("# ours")), "{configs:?}");
}

/// A lab of one cluster, and what `up` says of it when its template changed.
fn stands_on(template: &str) -> Test {
    Test::new()
        .kind(&Kind::stands())
        .template("templates", "kind-basic.yaml", template)
        .run(["up", "pond.yaml"])
        .code(0)
}

#[test]
fn a_template_that_changed_makes_a_difference_and_only_recreate_removes_the_cluster() {
    let changed = OURS.replace("nodes:", "featureGates: {Mine: true}\nnodes:");
    let test = stands_on(OURS);
    let id = test.world().id("pond-a-control-plane");
    test.template("templates", "kind-basic.yaml", &changed)
        .run(["up", "pond.yaml"])
        .code(2)
        .stderr_has(
            "  a: template: kind-basic (templates/kind-basic.yaml) renders otherwise than when it \
             was made\nnothing was changed; `--recreate` removes a and creates",
        )
        .and(|test| assert_eq!(test.world().id("pond-a-control-plane"), id))
        .run(["up", "pond.yaml", "--recreate"])
        .code(0)
        .and(|test| {
            assert_ne!(test.world().id("pond-a-control-plane"), id);
            let configs = test.world().configs();
            assert!(configs.last().expect("two").contains("featureGates"), "{configs:?}");
        })
        .run(["up", "pond.yaml"])
        .code(0)
        .stderr_has("nothing to do: it is as asked");
}

#[test]
fn a_template_that_only_says_it_otherwise_makes_no_difference() {
    let said_otherwise = OURS.replace("# ours", "# as before").replace("Ours.", "Mine.");
    stands_on(OURS)
        .template("templates", "kind-basic.yaml", &said_otherwise)
        .run(["up", "pond.yaml"])
        .code(0)
        .stderr_has("nothing to do: it is as asked");
}

#[test]
fn a_template_that_went_away_leaves_the_shipped_one_and_a_difference() {
    stands_on(OURS)
        .and(|test| fs::remove_dir_all(test.work().join("templates")).expect("it is there"))
        .run(["up", "pond.yaml"])
        .code(2)
        .stderr_has("a: template: kind-basic (shipped) renders otherwise than when it was made");
}

/// A scenario whose lab is beside it.
fn with_own_lab(name: &str, lab: &str) -> String {
    let scenario = include_str!("../good/regional-failover.yaml");
    let (before, rest) = scenario.split_once("\nlab:").expect("it has a lab");
    let rest = rest.split_once("\nroles:").expect("it has roles").1;
    let text = format!("{before}\nlab: {lab}\nroles:{rest}");
    text.replace("name: regional-failover", &format!("name: {name}"))
}

const TWO_REGIONS: &str = "apiVersion: seatrial/v1\nkind: Lab\nname: two
defaults: {kubernetes: \"1.36\"}
clusters: {eu: {labels: {region: eu}}, us: {labels: {region: us}}}\n";

#[test]
fn runs_of_labs_with_other_templates_of_that_name_get_labs_of_their_own() {
    let other = OURS.replace("# ours", "# other");
    let test = Test::new().kind(&Kind::fails());
    let test = test
        .template("one", "two.yaml", TWO_REGIONS)
        .template("one/templates", "kind-basic.yaml", OURS)
        .template("other", "two.yaml", TWO_REGIONS)
        .template("other/templates", "kind-basic.yaml", &other)
        .template("same", "two.yaml", TWO_REGIONS)
        .template("same/templates", "kind-basic.yaml", OURS)
        .file("one.yaml", &with_own_lab("one", "one/two.yaml"))
        .file("other.yaml", &with_own_lab("other", "other/two.yaml"))
        .file("same.yaml", &with_own_lab("same", "same/two.yaml"))
        .run(["run", "one.yaml", "other.yaml", "same.yaml"])
        .code(3);
    // What kept the first one from a judgement keeps whoever needs the same lab from it, too.
    let test = test.stdout_has("not judged    other").stdout_has("not run       same");
    let configs = test.world().configs();
    let of = |what: &str| configs.iter().filter(|config| config.contains(what)).count();
    assert_eq!((of("# ours"), of("# other")), (2, 2), "{configs:?}");
    test.leaves_nothing();
}

#[test]
fn a_lab_that_is_set_brings_its_templates() {
    Test::new()
        .template("labs", "two.yaml", &TWO_REGIONS.replace("eu: {", "eu: {template: ours, "))
        .template("labs/templates", "ours.yaml", OURS)
        .file("scenario.yaml", &with_own_lab("set", "two-regions"))
        .run(["scenario", "explain", "scenario.yaml", "--set", "lab=\"labs/two.yaml\""])
        .code(0);
}

#[test]
fn a_lab_of_a_variant_brings_its_templates() {
    let variants = "variants:\n  mine: {lab: labs/two.yaml}\n";
    let scenario = with_own_lab("varied", "two-regions");
    let (before, _) = scenario.split_once("\nvariants:").unwrap_or((&scenario, ""));
    Test::new()
        .template("labs", "two.yaml", &TWO_REGIONS.replace("eu: {", "eu: {template: ours, "))
        .template("labs/templates", "ours.yaml", OURS)
        .file("scenario.yaml", &format!("{before}\n{variants}"))
        .run(["scenario", "lint", "scenario.yaml"])
        .code(0)
        .run(["scenario", "list", ".", "--output", "name"])
        .code(0)
        .stdout_has("./scenario.yaml\n");
}

#[test]
fn lint_tells_which_templates_can_mount_directories_of_the_host() {
    let open = OURS.replace("provider: kind", "provider: kind\nhostMounts: true");
    Test::new()
        .template("templates", "kind-basic.yaml", &open)
        .template(".", "two.yaml", TWO_REGIONS)
        .file("scenario.yaml", &with_own_lab("open", "two.yaml"))
        .run(["scenario", "lint", "scenario.yaml"])
        .code(0)
        .stderr_has("warning: scenario.yaml: cluster `eu`: template `kind-basic` can mount");
}

#[test]
fn the_first_directory_goes_before_the_others_and_before_the_one_beside_the_lab() {
    let test = Test::new()
        .kind(&Kind::fails())
        .template("templates", "kind-basic.yaml", &OURS.replace("# ours", "# beside"))
        .template("one", "kind-basic.yaml", &OURS.replace("# ours", "# one"))
        .template("two", "kind-basic.yaml", &OURS.replace("# ours", "# two"));
    let test = test.run(["render", "pond.yaml", "--templates", "one", "--templates", "two"]);
    let test = test.code(0).stdout_has("# one");
    test.run(["render", "pond.yaml", "--templates", "two"]).code(0).stdout_has("# two");
}

#[test]
fn a_lab_below_a_scenario_brings_its_templates() {
    let lab = "apiVersion: seatrial/v1\nkind: Lab\nname: two\ndefaults: {template: ours}
clusters: {eu: {labels: {region: eu}}, us: {labels: {region: us}}}\n";
    Test::new()
        .template("labs", "two.yaml", lab)
        .template("labs/templates", "ours.yaml", OURS)
        .file("scenario.yaml", &with_own_lab("below", "labs/two.yaml"))
        .run(["scenario", "lint", "scenario.yaml"])
        .code(0);
}

#[test]
fn a_broken_template_is_shown_to_who_names_it_and_to_nobody_else() {
    let broken = "---\nprovder: kind\n---\nkind: Cluster\n";
    let lab = crate::harness::ONE_CLUSTER.replace("kind-basic", "broken");
    Test::new()
        .kind(&Kind::fails())
        .template("templates", "broken.yaml", broken)
        .template("templates", "deployment.yaml", "kind: Deployment\n")
        .run(["render", "pond.yaml"])
        .code(0)
        .file("broken-lab.yaml", &lab)
        .run(["render", "broken-lab.yaml"])
        .code(2)
        .stderr_has("templates/broken.yaml:2:1")
        .stderr_has("did you mean `provider`?")
        .run(["template", "list", "--output", "name"])
        .code(0)
        .stdout_is("k3d-agents\nk3d-basic\nkind-basic\nkind-custom\nkind-ha\n")
        .stderr_has("templates/deployment.yaml is no template");
}

#[test]
fn what_is_wrong_with_a_template_is_told_once_and_with_all_else() {
    let lab = "apiVersion: seatrial/v1\nkind: Lab\nname: pond
clusters: {a: {cni: kindnte}, b: {}, c: {template: kind-basic}}\n";
    Test::new()
        .template("templates", "kind-basic.yaml", "---\nprovder: kind\n---\nkind: Cluster\n")
        .file("lab.yaml", lab)
        .run(["up", "lab.yaml"])
        .code(2)
        .stderr_has("lab.yaml:4:21")
        .and(|test| {
            let told = test.ended().stderr.matches("did you mean `provider`?").count();
            assert_eq!(told, 1, "{}", test.ended());
        })
        .docker_was_not_called();
}

#[test]
fn a_run_takes_the_templates_beside_its_scenario() {
    let scenario = include_str!("../good/regional-failover.yaml");
    Test::new()
        .kind(&Kind::fails())
        .template("templates", "kind-basic.yaml", &with_workers())
        .file("scenario.yaml", scenario)
        .run(["run", "scenario.yaml"])
        .code(3)
        .and(|test| {
            let configs = test.world().configs();
            assert!(!configs.is_empty() && configs.iter().all(|it| it.contains("# ours")));
        })
        .leaves_nothing();
}

/// A template that takes what the scenario gives.
fn with_workers() -> String {
    let parameters = "parameters: {workers: {type: integer, default: 0}}\n---\nkind: Cluster";
    OURS.replace("---\nkind: Cluster", parameters)
}

#[test]
fn a_link_out_of_the_directory_is_not_followed() {
    let template = OURS.replace("# ours", "{% include \"out.tera\" %}");
    Test::new()
        .file("secret", "secret")
        .template("templates", "ours.yaml", &template)
        .and(|test| {
            let dir = test.work().join("templates");
            symlink("../secret", dir.join("out.tera")).expect("writable");
            symlink("../pond.yaml", dir.join("linked.yaml")).expect("writable");
        })
        .run(["template", "validate", "ours"])
        .code(2)
        .stderr_has("`out.tera` leads out of the template's directory")
        .stderr_has("templates/ours.yaml:8:")
        .run(["template", "validate", "templates/linked.yaml"])
        .code(2)
        .stderr_has("`templates/linked.yaml` leads out of the template's directory");
}

#[test]
fn files_of_the_same_directory_are_included() {
    let template = OURS.replace("# ours", "{% include \"comment.tera\" %}");
    Test::new()
        .kind(&Kind::fails())
        .template("templates", "kind-basic.yaml", &template)
        .template("templates", "comment.tera", "# of {{ image }}")
        .run(["render", "pond.yaml"])
        .code(0)
        .stdout_has("# of kindest/node:v1.36.4");
}

#[test]
fn what_would_be_open_to_others_is_not_created() {
    let open = OURS.replace("nodes:", "networking: {apiServerAddress: 0.0.0.0}\nnodes:");
    Test::new()
        .kind(&Kind::fails())
        .template("templates", "kind-basic.yaml", &open)
        .run(["up", "pond.yaml"])
        .code(2)
        .stderr_has("the API server would be open to other machines: it listens on 0.0.0.0")
        .stderr_has("kind-basic as rendered:3:")
        .and(|test| assert!(test.world().configs().is_empty()))
        .leaves_nothing();
}

const SKEWED: &str = r#"apiVersion: seatrial/v1
kind: Lab
name: pond
clusters:
  a: {template: kind-custom, kubernetes: "1.36", parameters: {workers: 1, worker_kubernetes: "1.35"}}
"#;

#[test]
fn workers_of_another_version_are_shown_and_recorded() {
    Test::new()
        .kind(&Kind::hangs())
        .file("skewed.yaml", SKEWED)
        .start(["up", "skewed.yaml"])
        .until_kind_hangs()
        .and(|test| {
            assert!(test.has_said("worker_kubernetes: kindest/node:v1.35.4 (the newest"));
            let [config] = &test.world().configs()[..] else { panic!("not one attempt") };
            assert!(
                config.contains("- role: worker\n  image: \"kindest/node:v1.35.4\""),
                "{config}"
            );
            let record: serde_json::Value =
                serde_json::from_str(&test.record("pond")).expect("it is JSON");
            let image = &record["clusters"]["a"]["node_images"]["worker_kubernetes"];
            assert_eq!(image["version"], "v1.35.4");
            assert_eq!(image["id"], "sha256:of-kindest/node:v1.35.4");
        });
}

#[test]
fn skew_that_only_the_host_can_tell_is_refused_before_anything_is_made() {
    // What `default` means is known once kind is asked: 1.37 here.
    let lab =
        SKEWED.replace("\"1.36\"", "default").replace("1.35", "registry.example/node:v1.38.0");
    Test::new()
        .kind(&Kind::fails())
        .file("skewed.yaml", &lab)
        .run(["up", "skewed.yaml"])
        .code(2)
        .stderr_has("a: pond-a-worker: kubelets of 1.38 are newer than the API server of 1.37")
        .leaves_nothing();
}

#[test]
fn a_version_of_nodes_that_nobody_knows_names_its_cluster_and_the_nearest() {
    let lab = SKEWED.replace("\"1.36\"", "default").replace("1.35", "1.12");
    Test::new()
        .kind(&Kind::fails())
        .file("skewed.yaml", &lab)
        .run(["up", "skewed.yaml"])
        .code(2)
        .stderr_has("cluster `a`: Kubernetes 1.12 is not known: the nearest is 1.34.11;")
        .leaves_nothing();
}

#[test]
fn several_control_planes_need_an_image_that_is_fetched_first() {
    let lab = crate::harness::ONE_CLUSTER.replace("kind-basic", "kind-ha");
    let test = Test::new().kind(&Kind::fails()).file("ha.yaml", &lab);
    let test = test
        .run(["up", "ha.yaml"])
        .code(3)
        .stderr_has("a: beside its nodes, template `kind-ha` needs")
        .stderr_has("docker.io/envoyproxy/envoy:v1.36.2, which is not on this host")
        .stderr_has("no such host")
        .and(|test| assert!(test.world().configs().is_empty(), "kind was not asked"))
        .leaves_nothing();
    let images = "kindest/node:v1.36.4\ndocker.io/envoyproxy/envoy:v1.36.2\n";
    test.given(|world| world.holds_images(images))
        .run(["up", "ha.yaml"])
        .code(3)
        .stderr_has(KUBEADM_FAILED)
        .leaves_nothing();
}

const VERSIONS: &str = "- kind: 0.33.0\n  images: {1.34.99: \"registry.example/node:mine\"}\n";

#[test]
fn a_users_versions_go_before_those_that_are_known() {
    let lab = crate::harness::ONE_CLUSTER.replace("1.36", "1.34");
    let test = Test::new().kind(&Kind::fails()).file("old.yaml", &lab).file("v.yaml", VERSIONS);
    let test = test
        .run(["render", "old.yaml", "--versions", "v.yaml"])
        .code(0)
        .stdout_has("registry.example/node:mine")
        .stderr_has("for kind 0.33.0 by v.yaml");
    let config = test.home().join(".config/seatrial");
    fs::create_dir_all(&config).expect("writable");
    fs::write(config.join("versions.yaml"), VERSIONS).expect("writable");
    test.run(["render", "old.yaml"]).code(0).stdout_has("registry.example/node:mine");
}

#[test]
fn bad_versions_are_shown_with_their_place_and_start_nothing() {
    let bad = "- kind: 0.33.0\n  deflaut: 1.36.4\n  images: {1.36: sha256:00, 1.36.4: \"no image\"}\n- kind: 0.33.0\n";
    let test = Test::new().kind(&Kind::fails()).file("v.yaml", bad);
    let test = test.run(["up", "pond.yaml", "--versions", "v.yaml"]).code(2);
    insta::assert_snapshot!(test.ended().stderr);
    test.docker_was_not_called();
}

#[test]
fn no_file_of_the_users_keeps_a_lab_from_being_taken_down() {
    let test = Test::new().kind(&Kind::hangs()).start(["up", "pond.yaml"]).until_kind_hangs();
    let config = test.home().join(".config/seatrial");
    fs::create_dir_all(&config).expect("writable");
    fs::write(config.join("versions.yaml"), "nonsense").expect("writable");
    test.signal(nix::sys::signal::Signal::SIGKILL)
        .ends()
        .run(["--templates", "nowhere", "down", "pond"])
        .code(0)
        .leaves_nothing();
}

/// The blocks of YAML below `### Templates` in the README.
#[test]
fn the_template_of_the_readme_is_sound() {
    let readme = include_str!("../../README.md");
    let (_, part) = readme.split_once("### Templates").expect("it is there");
    let (_, part) = part.split_once("```yaml\n").expect("it shows one");
    let (template, part) = part.split_once("```").expect("it ends");
    let (_, part) = part.split_once("```yaml\n").expect("it shows versions");
    let (versions, _) = part.split_once("```").expect("it ends");
    Test::new()
        .kind(&Kind::fails())
        .template("templates", "kind-basic.yaml", template)
        .run(["template", "validate", "kind-basic"])
        .code(0)
        .file("v.yaml", versions)
        .run(["render", "pond.yaml", "--versions", "v.yaml"])
        .code(0)
        .stdout_has("kindest/node:v1.36.4");
}

#[rstest]
#[case("extra_ports: [\"8080\"]", "extra_ports: `8080` is not HOST:NODE or HOST:NODE/UDP")]
#[case("extra_ports: [\"web:80\"]", "web")]
#[case("extra_ports: [\"8080:80/HTTP\"]", "there is no protocol `HTTP`")]
#[case("extra_ports: [\"8080:99999\"]", "`containerPort` is 99999")]
#[case("extra_mounts: [\"/a\"]", "extra_mounts: `/a` is not HOST:NODE or HOST:NODE:ro")]
#[case("extra_mounts: [\"/a:/b:rw\"]", "extra_mounts: `/a:/b:rw` is not HOST:NODE")]
#[case("extra_mounts: [\"a:/b\"]", "`a` is not an absolute path")]
fn what_kind_custom_cannot_use_is_refused(#[case] parameters: &str, #[case] why: &str) {
    let lab = SKEWED.replace("workers: 1, worker_kubernetes: \"1.35\"", parameters);
    Test::new()
        .kind(&Kind::fails())
        .file("custom.yaml", &lab)
        .run(["up", "custom.yaml"])
        .code(2)
        .stderr_has(why)
        .leaves_nothing();
}

#[test]
fn kind_custom_hands_on_everything() {
    let parameters = "control_planes: 1, workers: 2, kubeadm_patches: [\"kind: X\\nnodes: no\\n\"], \
                      extra_mounts: [\"/a:/b:ro\"], extra_ports: [\"8080:80\", \"53:53/UDP\"]";
    let lab = SKEWED.replace("workers: 1, worker_kubernetes: \"1.35\"", parameters);
    let test = Test::new().kind(&Kind::fails()).file("custom.yaml", &lab);
    let test = test.run(["render", "custom.yaml"]).code(0);
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"(apiServerPort|hostPort): 2\d{4}", "$1: [port]");
    settings.bind(|| insta::assert_snapshot!(test.ended().stdout));
}

#[test]
fn a_broken_template_does_not_let_the_shipped_one_of_its_name_through() {
    Test::new()
        .kind(&Kind::fails())
        .template("templates", "kind-basic.yaml", "---\nprovder: kind\n---\nkind: Cluster\n")
        .run(["up", "pond.yaml"])
        .code(2)
        .stderr_has("templates/kind-basic.yaml:2:1")
        .docker_was_not_called()
        .run(["template", "show", "kind-basic"])
        .code(2)
        .stderr_has("templates/kind-basic.yaml:2:1");
}

#[test]
fn a_record_of_an_older_seatrial_is_still_read() {
    Test::new()
        .kind(&Kind::hangs())
        .start(["up", "pond.yaml"])
        .until_kind_hangs()
        .signal(nix::sys::signal::Signal::SIGKILL)
        .ends()
        .and(|test| {
            let mut record: serde_json::Value =
                serde_json::from_str(&test.record("pond")).expect("it is JSON");
            let cluster = record["clusters"]["a"].as_object_mut().expect("it is a map");
            assert!(cluster.remove("template").is_some());
            assert!(cluster.remove("node_images").is_some());
            test.write_record("pond", &record.to_string());
        })
        .run(["down", "pond"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn templates_beside_a_lab_are_not_looked_for_elsewhere() {
    let test = Test::new();
    fs::create_dir(test.path("inside")).expect("it is new");
    fs::create_dir(test.path("elsewhere")).expect("it is new");
    symlink("../elsewhere", test.path("inside/templates")).expect("writable");
    test.file("inside/pond.yaml", ONE_CLUSTER)
        .run(["render", "inside/pond.yaml"])
        .code(2)
        .stderr_has("`inside/templates` leads out of the directory that it lies in")
        .stderr_has("--templates");
}

#[test]
fn a_template_that_is_a_pipe_is_not_waited_for() {
    let test = Test::new();
    fs::create_dir(test.path("templates")).expect("it is new");
    let pipe = test.path("templates/pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("it is new");
    symlink("pipe", test.path("templates/slow.yaml")).expect("writable");
    test.file("pond.yaml", &ONE_CLUSTER.replace("kind-basic", "slow"))
        .run(["render", "pond.yaml"])
        .code(2)
        .stderr_has("it is no regular file");
}
