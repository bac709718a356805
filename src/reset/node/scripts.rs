use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use super::{FILES, IMAGES, RULES};

/// Runs a script with `dir` as the root of its paths.
fn run(dir: &Path, stand_ins: &str, script: &str, input: &str) -> Output {
    let root = dir.display();
    let moved = ["/etc/", "/var/"].into_iter().fold(script.to_owned(), |script, top| {
        let path = format!("{root}{top}");
        script
            .replace(&format!(" {top}"), &format!(" {path}"))
            .replace(&format!("={top}"), &format!("={path}"))
    });
    let mut child = Command::new("/bin/sh")
        .args(["-c", &format!("{stand_ins}\n{moved}")])
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[rstest::rstest]
#[case::both("*filter\n-F A\nCOMMIT\n", "*filter\n-F B\nCOMMIT\n")]
#[case::only_the_first("*filter\n-F A\nCOMMIT\n", "")]
#[case::only_the_second("", "*filter\n-F B\nCOMMIT\n")]
fn each_family_gets_its_own_rules(#[case] v4: &str, #[case] v6: &str) {
    let dir = TempDir::new().unwrap();
    let stand_ins = r#"iptables_restore() { [ "$1" = --noflush ] && cat >4; }
ip6tables_restore() { [ "$1" = --noflush ] && cat >6; }"#;
    let script = RULES.replace("tables-restore", "tables_restore");
    let output = run(dir.path(), stand_ins, &script, &format!("{v4}== 6\n{v6}"));
    assert!(output.status.success(), "{output:?}");
    let got = |family: &str| fs::read_to_string(dir.path().join(family)).unwrap();
    assert_eq!((got("4").as_str(), got("6").as_str()), (v4, v6));
}

#[test]
fn a_directory_that_was_removed_comes_back_with_its_files() {
    let dir = TempDir::new().unwrap();
    let root = dir.path();
    let kept = root.join("var/lib/seatrial/reset/files").join(root.strip_prefix("/").unwrap());
    let (net, config) = ("etc/cni/net.d/10-kindnet.conflist", "var/lib/kubelet/config.yaml");
    write(&kept.join(net), "{}");
    write(&kept.join(config), "a: 1");
    write(&root.join(config), "a: 2");
    let manifest = "etc/kubernetes/manifests/etcd.yaml";
    write(&kept.join(manifest), "kept");
    write(&root.join(manifest), "changed");
    write(&root.join("etc/kubernetes/manifests/foreign.yaml"), "came");
    let output = run(root, "systemctl() { echo \"$@\"; }", FILES, "");
    assert!(output.status.success(), "{output:?}");
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap();
    assert_eq!([net, config, manifest].map(read), ["{}", "a: 1", "kept"]);
    assert!(!root.join("etc/kubernetes/manifests/foreign.yaml").exists());
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told, "restart containerd kubelet\nrestart kubelet\nstart containerd kubelet\n");
}

#[test]
fn images_are_tagged_and_removed_in_the_order_told() {
    let dir = TempDir::new().unwrap();
    let stand_ins = "ctr() { echo \"$@\" >>said; }";
    let output = run(dir.path(), stand_ins, IMAGES, "a held:a\nheld:a b\nheld:a\n");
    assert!(output.status.success(), "{output:?}");
    let said = fs::read_to_string(dir.path().join("said")).unwrap();
    let expected = "\
--namespace k8s.io images tag --force a held:a
--namespace k8s.io images tag --force held:a b
--namespace k8s.io images remove held:a
";
    assert_eq!(said, expected);
}
