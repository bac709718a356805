//! Objects: made, changed, listed, deleted, and found by discovery.

use super::*;

#[tokio::test(start_paused = true)]
async fn an_object_lives_as_kube_expects() {
    let server = server();
    let configs = configs(&server);
    make(&server, &["b", "a"]).await;
    let listed = configs.list(&ListParams::default()).await.expect("listed");
    let names: Vec<_> = listed.iter().map(ResourceExt::name_any).collect();
    assert_eq!(names, ["a", "b"]);
    let mut found = configs.get("a").await.expect("it is there");
    found.data.get_or_insert_default().insert("b".into(), "2".into());
    let replaced = configs.replace("a", &PostParams::default(), &found).await.expect("it fits");
    assert_ne!(replaced.resource_version(), found.resource_version());
    let late = configs.replace("a", &PostParams::default(), &found).await.expect_err("too late");
    assert_eq!(code(&late), (409, "Conflict"));
    let again = configs.create(&PostParams::default(), &config("a")).await.expect_err("there");
    assert_eq!(code(&again), (409, "AlreadyExists"));
    let deleted = configs.delete("a", &DeleteParams::default()).await.expect("it is there");
    let details = deleted.right().expect("a status").details.expect("details");
    assert_eq!(details.uid, found.metadata.uid.unwrap());
    let gone = configs.get("a").await.expect_err("it is gone");
    assert_eq!(code(&gone), (404, "NotFound"));
    assert_eq!(configs.get_opt("a").await.expect("answered"), None);
}

#[tokio::test(start_paused = true)]
async fn objects_are_selected() {
    let server = server();
    make(&server, &["a", "b", "c"]).await;
    let names = async |params: ListParams| {
        let found = configs(&server).list(&params).await.expect("listed");
        found.iter().map(ResourceExt::name_any).collect::<Vec<_>>()
    };
    assert_eq!(names(ListParams::default().labels("of in (a,c)")).await, ["a", "c"]);
    assert_eq!(names(ListParams::default().fields("metadata.name!=a")).await, ["b", "c"]);
    let odd = configs(&server).list(&ListParams::default().fields("data.a=1")).await;
    assert_eq!(code(&odd.expect_err("no such field")), (400, "BadRequest"));
}

#[tokio::test(start_paused = true)]
async fn lists_come_in_pages() {
    let server = server();
    make(&server, &["a", "b", "c", "d", "e"]).await;
    let mut params = ListParams::default().limit(2);
    let mut pages = Vec::new();
    loop {
        let page = configs(&server).list(&params).await.expect("listed");
        pages.push((page.items.len(), page.metadata.remaining_item_count));
        match page.metadata.continue_ {
            Some(token) => params = params.continue_token(&token),
            None => break,
        }
    }
    assert_eq!(pages, [(2, Some(3)), (2, Some(1)), (1, None)]);
}

#[rstest]
#[case::merge(Patch::Merge(json!({"data": {"a": null, "b": "2"}})), json!({"b": "2"}))]
#[case::strategic(Patch::Strategic(json!({"data": {"b": "2"}})), json!({"a": "1", "b": "2"}))]
#[case::json(
    Patch::Json(read(json!([{"op": "replace", "path": "/data/a", "value": "3"}]))),
    json!({"a": "3"})
)]
#[case::apply(
    Patch::Apply(json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"b": "2"}})),
    json!({"a": "1", "b": "2"})
)]
#[tokio::test(start_paused = true)]
async fn every_kind_of_patch_is_taken(#[case] patch: Patch<Value>, #[case] data: Value) {
    let server = server();
    make(&server, &["a"]).await;
    let params = PatchParams { field_manager: Some("us".to_owned()), ..PatchParams::default() };
    let patched = configs(&server).patch("a", &params, &patch).await.expect("it fits");
    assert_eq!(json!(patched.data), data);
    let gone = configs(&server).patch("gone", &params, &patch).await;
    // Only what is applied is made.
    assert_eq!(gone.is_ok(), matches!(patch, Patch::Apply(_)), "{gone:?}");
}

#[tokio::test(start_paused = true)]
async fn status_and_scale_are_written_apart() {
    let server = server();
    let deployments: Api<Deployment> = Api::default_namespaced(client(&server));
    let params = PatchParams::apply("us").force();
    let web = Patch::Apply(deployment());
    deployments.patch("web", &params, &web).await.expect("it is made");
    let scale = Patch::Merge(json!({"spec": {"replicas": 5}}));
    let scaled = deployments.patch_scale("web", &PatchParams::default(), &scale).await;
    let scaled = scaled.expect("it scales");
    assert_eq!(scaled.spec.and_then(|spec| spec.replicas), Some(5));
    assert_eq!(scaled.status.and_then(|status| status.selector).as_deref(), Some("app=web"));
    let status = Patch::Merge(json!({
        "spec": {"replicas": 9}, "status": {"observedGeneration": 2, "availableReplicas": 5},
    }));
    let seen = deployments.patch_status("web", &PatchParams::default(), &status).await;
    let seen = seen.expect("it fits");
    assert_eq!(seen.spec.and_then(|spec| spec.replicas), Some(5));
    assert_eq!(seen.status.and_then(|status| status.available_replicas), Some(5));
    assert_eq!(seen.metadata.generation, Some(2));
    let mut scale = deployments.get_scale("web").await.expect("it has one");
    scale.spec.as_mut().unwrap().replicas = Some(1);
    let scale = deployments.replace_scale("web", &PostParams::default(), &scale).await;
    assert_eq!(scale.expect("it scales").spec.and_then(|spec| spec.replicas), Some(1));
    let configs: Api<ConfigMap> = configs(&server);
    assert_eq!(code(&configs.get_scale("a").await.expect_err("no scale")), (404, "NotFound"));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_changes_nothing() {
    let server = server();
    let params = PostParams { dry_run: true, field_manager: None };
    configs(&server).create(&params, &config("a")).await.expect("it would be made");
    assert!(configs(&server).get_opt("a").await.expect("answered").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_namespace_goes_with_its_contents() {
    let server = server();
    let namespaces: Api<Namespace> = Api::all(client(&server));
    let shop = read(json!({"metadata": {"name": "shop"}}));
    namespaces.create(&PostParams::default(), &shop).await.expect("it is made");
    let inside: Api<ConfigMap> = Api::namespaced(client(&server), "shop");
    inside.create(&PostParams::default(), &config("a")).await.expect("it is made");
    let deleted = namespaces.delete("shop", &DeleteParams::default()).await.expect("it is there");
    let phase = deleted.left().expect("a namespace").status.and_then(|status| status.phase);
    assert_eq!(phase.as_deref(), Some("Terminating"));
    assert!(namespaces.get_opt("shop").await.expect("answered").is_none());
    assert_eq!(inside.list(&ListParams::default()).await.expect("listed").items, []);
}

#[tokio::test(start_paused = true)]
async fn many_are_deleted_at_once() {
    let server = server();
    make(&server, &["a", "b", "c"]).await;
    let some = ListParams::default().labels("of!=b");
    let deleted = configs(&server).delete_collection(&DeleteParams::default(), &some).await;
    assert_eq!(deleted.expect("it is done").left().expect("a list").items.len(), 2);
    let left = configs(&server).list(&ListParams::default()).await.expect("listed");
    assert_eq!(left.iter().map(ResourceExt::name_any).collect::<Vec<_>>(), ["b"]);
}

#[tokio::test(start_paused = true)]
async fn every_kind_is_found_and_listed_by_what_discovery_says() {
    let client = client(&server());
    for found in [
        Discovery::new(client.clone()).run().await.expect("found"),
        Discovery::new(client.clone()).run_aggregated().await.expect("found"),
    ] {
        let mut kinds = 0;
        for (resource, capabilities) in
            found.groups().flat_map(discovery::ApiGroup::recommended_resources)
        {
            let all: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
            all.list(&ListParams::default()).await.expect("listed");
            all.list_metadata(&ListParams::default()).await.expect("listed");
            assert!(capabilities.supports_operation(discovery::verbs::WATCH), "{resource:?}");
            kinds += 1;
        }
        assert_eq!(kinds, 23);
        let deployments = GroupVersionKind::gvk("apps", "v1", "Deployment");
        let (_, capabilities) = found.resolve_gvk(&deployments).expect("it is served");
        let parts: Vec<_> =
            capabilities.subresources.iter().map(|(part, _)| &part.plural).collect();
        assert_eq!(parts, ["scale", "status"]);
    }
    let version = client.apiserver_version().await.expect("it tells");
    assert_eq!((version.git_version.as_str(), version.minor.as_str()), ("v1.36.3", "36"));
}

#[tokio::test(start_paused = true)]
async fn metadata_alone_is_served() {
    let server = server();
    make(&server, &["a"]).await;
    let found: PartialObjectMeta<ConfigMap> =
        configs(&server).get_metadata("a").await.expect("it is there");
    assert_eq!(found.labels()["of"], "a");
}

#[tokio::test(start_paused = true)]
async fn the_same_requests_give_the_same_bytes() {
    let run = async || {
        let server = server();
        make(&server, &["b", "a"]).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let deployments: Api<Deployment> = Api::default_namespaced(client(&server));
        let web = Patch::Apply(deployment());
        deployments.patch("web", &PatchParams::apply("us"), &web).await.expect("it is made");
        let mut all = Vec::new();
        for path in ["/api/v1/configmaps", "/apis/apps/v1/deployments", "/apis", "/api/v1/services"]
        {
            all.push(ask_at(&server, request("GET", path, "", "")).await.1.to_string());
        }
        let watch = "/api/v1/configmaps?watch=1&resourceVersion=1&timeoutSeconds=3";
        all.push(ask_at(&server, request("GET", watch, "", "")).await.1.to_string());
        all
    };
    assert_eq!(run().await, run().await);
}
