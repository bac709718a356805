//! Watches, by hand and through kube's own runtime.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_watch_tells_what_comes_into_sight_and_goes_out_of_it() {
    let server = server();
    make(&server, &["a", "b"]).await;
    let start = configs(&server).list(&ListParams::default()).await.expect("listed");
    let params = WatchParams::default().labels("of=a");
    let revision = start.metadata.resource_version.expect("it has one");
    let watch = configs(&server).watch(&params, &revision).await.expect("it starts");
    let mut watch = pin!(watch);
    let relabel = async |name: &str, of: &str| {
        let patch = Patch::Merge(json!({"metadata": {"labels": {"of": of}}}));
        let patched = configs(&server).patch(name, &PatchParams::default(), &patch).await;
        patched.expect("it fits");
    };
    relabel("b", "a").await;
    relabel("b", "b").await;
    relabel("a", "a").await;
    let patch = Patch::Merge(json!({"data": {"a": "2"}}));
    configs(&server).patch("a", &PatchParams::default(), &patch).await.expect("it fits");
    configs(&server).delete("a", &DeleteParams::default()).await.expect("it is there");
    let mut told = Vec::new();
    for _ in 0..4 {
        let event = watch.try_next().await.expect("it goes on").expect("there is more");
        told.push(match event {
            WatchEvent::Added(object) => format!("added {}", object.name_any()),
            WatchEvent::Modified(object) => format!("modified {}", object.name_any()),
            WatchEvent::Deleted(object) => format!("deleted {}", object.name_any()),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(told, ["added b", "deleted b", "modified a", "deleted a"]);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_watch_says_where_it_is_and_ends_on_time() {
    let server = server();
    let begun = Instant::now();
    let params = WatchParams::default().timeout(150);
    let watch = configs(&server).watch(&params, "1").await.expect("it starts");
    make(&server, &["a"]).await;
    let told: Vec<_> = watch.map_ok(|event| event_name(&event)).try_collect().await.expect("told");
    assert_eq!(told, ["ADDED a", "BOOKMARK 7", "BOOKMARK 7", "BOOKMARK 7"]);
    assert_eq!(begun.elapsed().as_secs(), 150);
}

fn event_name(event: &WatchEvent<ConfigMap>) -> String {
    match event {
        WatchEvent::Added(object) => format!("ADDED {}", object.name_any()),
        WatchEvent::Bookmark(mark) => format!("BOOKMARK {}", mark.metadata.resource_version),
        other => format!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn who_fell_too_far_behind_must_begin_anew() {
    let server = remembering(3);
    make(&server, &["a", "b", "c", "d", "e"]).await;
    let watch = configs(&server).watch(&WatchParams::default(), "2").await.expect("it starts");
    let told: Vec<_> = watch.try_collect().await.expect("told");
    let [WatchEvent::Error(status)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((status.code, status.reason.as_str()), (410, "Expired"));
    let exact = ListParams::default().at("2").matching(kube::api::VersionMatch::Exact);
    let old = configs(&server).list(&exact).await.expect_err("forgotten");
    assert_eq!(code(&old), (410, "Expired"));
}

#[rstest]
#[case::list_and_watch(watcher::Config::default().page_size(2))]
#[case::streaming_list(watcher::Config::default().streaming_lists())]
#[tokio::test(start_paused = true)]
async fn a_watcher_of_kube_keeps_up(#[case] config: watcher::Config) {
    // So little is remembered that it has to begin anew in between.
    let server = remembering(4);
    make(&server, &["a", "b", "c"]).await;
    let mut watch = pin!(watcher(configs(&server), config).default_backoff());
    let mut ready = Vec::new();
    while let Some(event) = watch.next().await {
        match event.expect("it goes on") {
            watcher::Event::Init => ready.clear(),
            watcher::Event::InitApply(object) => ready.push(object.name_any()),
            watcher::Event::InitDone => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(ready, ["a", "b", "c"]);
    make(&server, &["d", "e", "f", "g", "h", "i"]).await;
    let mut seen = Vec::new();
    while seen.last().is_none_or(|last| last != "i") {
        let event = timeout(LONG, watch.next()).await.expect("in time").expect("it goes on");
        // That it must begin anew is an error to it, from which it recovers.
        if let Ok(watcher::Event::InitApply(object) | watcher::Event::Apply(object)) = event {
            seen.push(object.name_any());
        }
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e", "f", "g", "h", "i"]);
}

#[tokio::test(start_paused = true)]
async fn kube_waits_for_conditions() {
    let server = server();
    let pods: Api<Pod> = Api::default_namespaced(client(&server));
    let pod = read(json!({
        "metadata": {"name": "web"}, "spec": {"containers": [{"name": "a", "image": "a"}]},
    }));
    pods.create(&PostParams::default(), &pod).await.expect("it is made");
    let waits = await_condition(pods.clone(), "web", conditions::is_pod_running());
    let runs = async {
        tokio::time::sleep(Duration::from_secs(7)).await;
        let running = Patch::Merge(json!({"status": {"phase": "Running"}}));
        pods.patch_status("web", &PatchParams::default(), &running).await
    };
    let begun = Instant::now();
    let (found, patched) = tokio::join!(waits, runs);
    patched.expect("it fits");
    assert!(found.expect("it came").is_some());
    assert_eq!(begun.elapsed().as_secs(), 7);
}
