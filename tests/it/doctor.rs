//! Whether a host is fit, as a user is told it: nothing is changed, nothing hangs, and what cannot
//! be looked at does not hide the rest.

use std::fs;

use nix::sys::signal::Signal;
use rstest::rstest;

use crate::harness::{Kind, Test, World};

/// A host with all that is needed.
fn fit() -> Test {
    Test::new().kind(&Kind::fails())
}

/// The line of a check in the table, its columns by single spaces.
fn line(test: &Test, check: &str) -> String {
    let lines = test.ended().stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut found =
        lines.filter(|words| words.first() == Some(&check)).map(|words| words.join(" "));
    found.next().unwrap_or_else(|| panic!("no line of {check} in\n{}", test.ended()))
}

#[test]
fn a_fit_host_is_told_so_and_nothing_is_changed() {
    const READING: [&str; 4] =
        ["context inspect", "info --format", "network ls", "version --format"];
    fit()
        .run(["doctor"])
        .code(0)
        .stdout_has("CHECK")
        .and(|test| {
            assert_eq!(
                line(test, "docker-engine"),
                "docker-engine 29.1.0 (API 1.52) 20.10 (API 1.41) or newer pass"
            );
            assert!(line(test, "kind").starts_with("kind 0.33.0 at /"), "{}", test.ended());
            assert!(line(test, "memory").ends_with("8.0 GB in all 2.1 GB for 2 clusters pass"));
            assert!(line(test, "cgroup").ends_with("pass"));
            assert!(line(test, "kubectl").ends_with("pass"), "it is not on PATH");
            for call in test.world().calls("docker") {
                assert!(READING.iter().any(|reading| call.starts_with(reading)), "{call}");
            }
            assert!(!test.state().exists(), "looking made the state directory");
        })
        .leaves_nothing();
}

#[test]
fn an_engine_on_another_kernel_has_no_limits_of_this_host() {
    fit().run(["doctor"]).code(0).and(|test| {
        for check in ["inotify-instances", "inotify-watches", "sch_netem", "disk", "host-routes"] {
            assert_eq!(
                line(test, check),
                format!("{check} Docker runs on a kernel of its own, 6.12.0-desktop - skipped")
            );
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn an_engine_on_this_kernel_has_its_limits() {
    let seen = |path: &str| fs::read_to_string(path).expect("Linux").trim().to_owned();
    let release = seen("/proc/sys/kernel/osrelease");
    let watches = seen("/proc/sys/fs/inotify/max_user_watches");
    fit().given(|world| world.engine_says("6.12.0-desktop", &release)).run(["doctor"]).and(
        |test| {
            let line = line(test, "inotify-watches");
            assert!(line.starts_with(&format!("inotify-watches {watches} 524288 ")), "{line}");
        },
    );
}

#[test]
fn without_docker_the_other_checks_are_shown() {
    fit()
        .without("docker")
        .run(["doctor"])
        .code(3)
        .stdout_has("\ndocker: fail\n")
        .stdout_has("    $ ")
        .and(|test| {
            assert_eq!(line(test, "docker"), "docker not found on PATH fail");
            assert!(line(test, "docker-engine").ends_with("skipped"));
            assert!(line(test, "kind").ends_with("pass"));
            assert!(line(test, "ports").ends_with("10 pass"));
            assert!(line(test, "state").ends_with("pass"));
        });
}

#[test]
fn a_daemon_that_does_not_run_is_shown_in_dockers_own_words() {
    fit()
        .given(World::stop_daemon)
        .run(["doctor"])
        .code(3)
        .stdout_has("Is the docker daemon running?\n    $ sudo systemctl start docker\n")
        .and(|test| {
            assert_eq!(line(test, "docker-engine"), "docker-engine does not answer answers fail");
            assert!(line(test, "ports").ends_with("pass"));
        });
}

#[rstest]
#[case("version")]
#[case("info")]
fn a_daemon_that_hangs_holds_nothing_up(#[case] command: &'static str) {
    fit()
        .given(|world| world.hold(command))
        .run(["doctor", "--timeout", "3s"])
        .code(3)
        .stdout_has("\ndocker-engine: fail\n")
        .stdout_has("    $ sudo systemctl restart docker\n")
        .and(|test| {
            assert!(line(test, "docker-engine").ends_with("no answer in 3 s answers fail"));
            assert!(line(test, "kind").ends_with("pass"));
            assert!(line(test, "ports").ends_with("pass"));
        });
}

#[test]
fn a_kind_that_hangs_holds_nothing_up() {
    fit().given(|world| world.hold("kind")).run(["doctor", "--timeout", "3s"]).code(3).and(
        |test| {
            assert!(line(test, "kind").starts_with("kind no answer in 3 s "), "{}", test.ended());
            assert!(line(test, "docker-engine").ends_with("pass"));
        },
    );
}

#[test]
fn an_interrupt_ends_the_looking() {
    fit()
        .given(|world| world.hold("version"))
        .start(["doctor"])
        .until("docker is asked", |test| test.world().was_asked("docker", "version"))
        .signal(Signal::SIGINT)
        .ends()
        .code(130)
        .stdout_is("")
        .stderr_has("interrupted");
}

#[test]
fn an_old_engine_fails() {
    fit().given(|world| world.api("1.40")).run(["doctor"]).code(3).and(|test| {
        assert!(line(test, "docker-engine").starts_with("docker-engine 29.1.0 (API 1.40) "));
        assert!(line(test, "docker-engine").ends_with(" fail"));
    });
}

#[test]
fn a_remote_engine_fails_and_is_not_asked() {
    fit()
        .env("DOCKER_HOST", "tcp://10.0.0.1:2376")
        .run(["doctor"])
        .code(3)
        .stdout_has("    $ unset DOCKER_HOST\n")
        .docker_was_not_called()
        .and(|test| {
            let expected = "docker-endpoint tcp://10.0.0.1:2376 on this machine fail";
            assert_eq!(line(test, "docker-endpoint"), expected);
        });
}

#[test]
fn without_kind_it_says_how_to_get_a_known_one() {
    Test::new()
        .run(["doctor"])
        .code(3)
        .stdout_has("\nkind: fail\n")
        .stdout_has("    $ go install sigs.k8s.io/kind@v0.33.0\n")
        .and(|test| assert!(line(test, "kind").starts_with("kind not found ")));
}

#[test]
fn releases_in_a_file_of_the_users_are_known() {
    let test = fit().file("v.yaml", "- kind: 0.99.0\n").file("bad.yaml", "- knid: 0.99.0\n");
    let test = test.run(["doctor", "--versions", "v.yaml"]).code(0);
    assert!(line(&test, "kind").contains("0.33.0") && line(&test, "kind").contains("0.99.0"));
    test.run(["doctor", "--versions", "bad.yaml"]).code(2).stderr_has("bad.yaml:1:3");
}

#[test]
fn more_clusters_need_more() {
    let small = |world: &World| world.engine_says("8000000000", "1500000000");
    fit().given(small).run(["doctor", "--clusters", "1"]).code(0);
    fit().given(small).run(["doctor"]).code(3).and(|test| {
        assert_eq!(line(test, "memory"), "memory 1.5 GB in all 2.1 GB for 2 clusters fail");
    });
}

#[test]
fn a_warning_is_no_failure() {
    fit()
        .given(|world| world.engine_says(r#""CgroupVersion":"2""#, r#""CgroupVersion":"1""#))
        .run(["doctor"])
        .code(0)
        .stdout_has("\ncgroup: warn\n")
        .and(|test| assert_eq!(line(test, "cgroup"), "cgroup v1 by systemd v2 warn"));
}

#[test]
fn subnets_that_others_hold_are_missed() {
    fit()
        .given(|world| world.create_network("theirs", "10.208.0.0/13"))
        .run(["doctor"])
        .code(3)
        .and(|test| {
            assert!(line(test, "pod-subnets").contains(" 0 of 128 free "), "{}", test.ended());
            assert!(line(test, "pod-subnets").ends_with("fail"));
            assert!(line(test, "service-subnets").ends_with("pass"));
        });
}

#[test]
fn a_record_that_cannot_be_read_is_named() {
    fit()
        .and(|test| test.write_record("bog", "{"))
        .run(["doctor"])
        .code(3)
        .stdout_has("labs/bog/lab.json is broken")
        .and(|test| assert!(line(test, "state").ends_with("fail")));
}

#[test]
fn a_state_directory_that_cannot_be_made_fails() {
    let test = fit();
    fs::write(test.state(), "a file where a directory should be").expect("writable");
    test.run(["doctor"])
        .code(3)
        .stdout_has("    $ export SEATRIAL_STATE=DIRECTORY\n")
        .and(|test| assert!(line(test, "state").contains("not writable")));
}

#[test]
fn a_program_reads_every_finding_with_its_commands() {
    let test = Test::new().run(["doctor", "--output", "json"]).code(3);
    let found: Vec<serde_json::Value> =
        serde_json::from_str(&test.ended().stdout).expect("nothing but JSON");
    let kind = found.iter().find(|finding| finding["check"] == "kind").expect("it is judged");
    assert_eq!(kind["result"], "fail");
    assert_eq!(kind["measured"], "not found");
    assert_eq!(kind["mend"]["commands"][0], "go install sigs.k8s.io/kind@v0.33.0");
    let names: Vec<&str> =
        found.iter().map(|finding| finding["check"].as_str().expect("a name")).collect();
    let names = names.join("\n") + "\n";
    test.run(["doctor", "--output", "name"]).code(3).stdout_is(&names);
}

#[rstest]
#[case(&["doctor", "--clusters", "0"], "--clusters")]
#[case(&["doctor", "--timeout", "10"], "`10` has no unit")]
#[case(&["doctor", "--timeout", "0s"], "nothing answers at once")]
fn odd_wishes_are_wrong_usage(#[case] args: &[&'static str], #[case] said: &str) {
    Test::new().run(args).code(2).stdout_is("").stderr_has(said).docker_was_not_called();
}
