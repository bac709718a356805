//! What does not fit waits, and says why.

use kube::api::{DeleteParams, PostParams};
use serde_json::json;

use super::*;

fn asking(name: &str, cpu: &str) -> Pod {
    read(json!({
        "metadata": {"name": name},
        "spec": {"containers": [{
            "name": "it", "image": "registry.k8s.io/e2e-test-images/agnhost:2.53",
            "args": ["pause"], "resources": {"requests": {"cpu": cpu, "memory": "64Mi"}},
        }]},
    }))
}

#[test]
fn a_pod_waits_until_there_is_room_for_it() {
    trial(|clock| async move {
        let trial = Trial::ready(one_node(1), &clock).await;
        let pods: Api<Pod> = Api::default_namespaced(trial.client());
        for name in ["first", "second"] {
            pods.create(&PostParams::default(), &asking(name, "800m")).await.expect("made");
        }
        trial.pass(Duration::from_secs(5)).await;
        let seen = pods.get("second").await.expect("it");
        assert_eq!(phase(&seen), "Pending");
        let conditions = seen.status.and_then(|status| status.conditions).expect("conditions");
        let why = conditions[0].message.as_deref();
        assert_eq!(why, Some("0/1 nodes are available: 1 Insufficient cpu."));
        pods.delete("first", &DeleteParams::default()).await.expect("deleted");
        trial.pass(Duration::from_secs(5)).await;
        assert_eq!(phase(&pods.get("second").await.expect("it")), "Running");
    });
}

#[test]
fn a_pod_waits_for_a_node_that_it_asks_for() {
    trial(|clock| async move {
        let trial = Trial::ready(one_node(1), &clock).await;
        let pods: Api<Pod> = Api::default_namespaced(trial.client());
        let mut pod = asking("picky", "1m");
        let spec = pod.spec.as_mut().expect("a spec");
        spec.node_selector = Some([("disk".to_owned(), "ssd".to_owned())].into());
        pods.create(&PostParams::default(), &pod).await.expect("made");
        trial.pass(Duration::from_secs(5)).await;
        assert_eq!(phase(&pods.get("picky").await.expect("it")), "Pending");
        let nodes: Api<k8s_openapi::api::core::v1::Node> = Api::all(trial.client());
        let labelled = json!({"metadata": {"labels": {"disk": "ssd"}}});
        let patch = kube::api::Patch::Merge(labelled);
        nodes.patch(NODE, &kube::api::PatchParams::default(), &patch).await.expect("labelled");
        trial.pass(Duration::from_secs(5)).await;
        assert_eq!(phase(&pods.get("picky").await.expect("it")), "Running");
    });
}
