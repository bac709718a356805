//! Tables, as kubectl asks for them.

use super::*;
use crate::sim::api::{
    Object,
    serve::{media::Accepted, table},
};

fn tabular(path: &str) -> Request<Full<Bytes>> {
    let mut request = request("GET", path, "", "");
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    request.headers_mut().insert(header::ACCEPT, table.parse().expect("a header"));
    request
}

/// A table as text: its narrow columns, then its rows.
fn shown(table: &Value) -> String {
    let columns = table["columnDefinitions"].as_array().expect("columns");
    let is_narrow = |index: &usize| columns[*index]["priority"] == 0;
    let line = |cell: &dyn Fn(usize) -> String| {
        (0..columns.len()).filter(is_narrow).map(cell).collect::<Vec<_>>().join(" | ")
    };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut lines = vec![line(&|index| text(&columns[index]["name"]).to_uppercase())];
    for row in table["rows"].as_array().expect("rows") {
        lines.push(line(&|index| text(&row["cells"][index])));
    }
    lines.join("\n")
}

#[tokio::test(start_paused = true)]
async fn tables_are_what_kubectl_prints() {
    let server = server();
    let client = client(&server);
    let objects = [
        deployment(),
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web-1", "namespace": "default"},
            "spec": {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]},
        }),
        json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": "eu-1", "labels": {"node-role.kubernetes.io/control-plane": ""}},
            "status": {
                "conditions": [{"type": "Ready", "status": "True"}],
                "nodeInfo": {"kubeletVersion": "v1.36.3"},
            },
        }),
    ];
    for object in objects {
        let object: DynamicObject = read(object);
        let types = object.types.clone().expect("it says so");
        let kind = GroupVersionKind::try_from(&types).expect("it is one");
        let (resource, _) = discovery::pinned_kind(&client, &kind).await.expect("it is served");
        let api: Api<DynamicObject> = match object.namespace() {
            Some(namespace) => Api::namespaced_with(client.clone(), &namespace, &resource),
            None => Api::all_with(client.clone(), &resource),
        };
        api.create(&PostParams::default(), &object).await.expect("it is made");
    }
    let pods: Api<Pod> = Api::default_namespaced(client);
    let ended = json!({"terminated": {"finishedAt": "2026-01-02T10:00:00Z", "exitCode": 1}});
    let status = Patch::Merge(json!({"status": {"phase": "Running", "containerStatuses": [
        {"name": "a", "ready": true, "restartCount": 0, "state": {"running": {}}},
        {"name": "b", "ready": false, "restartCount": 3, "lastState": ended,
         "state": {"waiting": {"reason": "CrashLoopBackOff"}}},
    ]}}));
    pods.patch_status("web-1", &PatchParams::default(), &status).await.expect("it fits");
    tokio::time::sleep(Duration::from_secs(150)).await;
    let paths = [
        "/api/v1/namespaces",
        "/api/v1/nodes",
        "/api/v1/services",
        "/api/v1/pods",
        "/apis/apps/v1/deployments",
    ];
    let mut tables = Vec::new();
    for path in paths {
        let (code, table) = ask_at(&server, tabular(path)).await;
        assert_eq!((code, &table["kind"]), (200, &json!("Table")));
        tables.push(shown(&table));
    }
    insta::assert_snapshot!(tables.join("\n\n"));
}

#[tokio::test(start_paused = true)]
async fn every_kind_has_as_many_cells_as_columns() {
    let server = server();
    let kinds: Vec<_> = server.store().kinds().iter().cloned().collect();
    for kind in kinds {
        let odd = Object::try_from(json!({"status": "x", "spec": []})).expect("a map");
        let table = table::one(
            &kind,
            &odd,
            Accepted::Table,
            "2026-01-02T10:00:00Z".parse().expect("a time"),
        );
        let cells = table["rows"][0]["cells"].as_array().expect("cells").len();
        assert_eq!(cells, table["columnDefinitions"].as_array().expect("columns").len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_tables_is_made_of_rows_and_marks() {
    let server = server();
    make(&server, &["a"]).await;
    let query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan\
                 &allowWatchBookmarks=true&timeoutSeconds=1";
    let (_, lines) = ask_at(&server, tabular(&format!("{CONFIGS}?{query}"))).await;
    let lines: Vec<Value> = lines
        .as_str()
        .expect("several lines")
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let told: Vec<_> = lines.iter().map(|line| line["type"].as_str().expect("a type")).collect();
    assert_eq!(told, ["ADDED", "BOOKMARK", "BOOKMARK"]);
    assert_eq!(lines[0]["object"]["rows"][0]["cells"][0], "a");
    let mark = &lines[1]["object"]["rows"][0]["object"]["metadata"];
    assert_eq!(mark["annotations"]["k8s.io/initial-events-end"], "true");
}
