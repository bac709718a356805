//! What users deploy: rollouts, jobs, namespaces that go.

use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
    batch::v1::Job,
    core::v1::Event,
};
use kube::{
    ResourceExt,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use serde_json::json;

use super::*;

const AGNHOST: &str = "registry.k8s.io/e2e-test-images/agnhost:2.53";

fn template(image: &str) -> Value {
    json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{
            "name": "web", "image": image, "args": ["netexec"],
            "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1},
        }]},
    })
}

fn deployment(replicas: u32) -> Deployment {
    read(json!({
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": template(AGNHOST),
        },
    }))
}

fn made<K>(trial: &Trial) -> Api<K>
where
    K: kube::Resource<Scope = kube::core::NamespaceResourceScope>,
    K::DynamicType: Default,
{
    Api::default_namespaced(trial.client())
}

#[test]
fn the_echo_workload_answers_on_its_published_port() {
    trial(|clock| async move {
        let trial = Trial::with_echo(one_node(1), &clock).await;
        assert_eq!(trial.asks().await, "pond-eu");
        let pods = trial.pods("seatrial-echo").await;
        assert_eq!(pods.len(), 2);
        assert!(pods.iter().all(|pod| phase(pod) == "Running" && !address(pod).is_empty()));
    });
}

#[test]
fn requests_reach_every_pod_that_is_ready_and_no_other() {
    trial(|clock| async move {
        let trial = Trial::ready(one_node(1), &clock).await;
        let web = deployment(3);
        made::<Deployment>(&trial).create(&PostParams::default(), &web).await.expect("made");
        let service = read(json!({
            "metadata": {"name": "web"},
            "spec": {"type": "NodePort", "selector": {"app": "web"},
                     "ports": [{"port": 80, "targetPort": 8080, "nodePort": ECHO_PORT}]},
        }));
        let services: Api<k8s_openapi::api::core::v1::Service> = made(&trial);
        services.create(&PostParams::default(), &service).await.expect("made");
        assert_eq!(trial.asks().await, "broken off", "docker's proxy alone");
        trial.pass(Duration::from_secs(5)).await;
        let mut answers = std::collections::BTreeSet::new();
        for _ in 0..50 {
            answers.insert(trial.asks().await);
        }
        let pods = trial.pods("default").await;
        let names: std::collections::BTreeSet<String> =
            pods.iter().map(ResourceExt::name_any).collect();
        assert_eq!(answers, names);
    });
}

#[test]
fn a_rollout_never_has_fewer_pods_than_it_may() {
    trial(|clock| async move {
        let trial = Trial::ready(one_node(1), &clock).await;
        let all = made::<Deployment>(&trial);
        all.create(&PostParams::default(), &deployment(3)).await.expect("made");
        trial.pass(Duration::from_secs(10)).await;
        let status = all.get("web").await.expect("it").status.expect("a status");
        assert_eq!((status.available_replicas, status.updated_replicas), (Some(3), Some(3)));
        let newer = json!({"spec": {"template": template("agnhost:3")}});
        all.patch("web", &PatchParams::default(), &Patch::Merge(newer)).await.expect("patched");
        let mut least = i32::MAX;
        for _ in 0..200 {
            trial.pass(Duration::from_millis(100)).await;
            let status = all.get("web").await.expect("it").status.expect("a status");
            least = least.min(status.available_replicas.unwrap_or_default());
            assert!(status.replicas.unwrap_or_default() <= 4);
        }
        let now = all.get("web").await.expect("it");
        let status = now.status.clone().expect("a status");
        assert_eq!(least, 3);
        assert_eq!((status.updated_replicas, status.replicas), (Some(3), Some(3)));
        assert_eq!(status.observed_generation, now.metadata.generation);
        let progressing = status.conditions.expect("conditions");
        let progressing = progressing.iter().find(|one| one.type_ == "Progressing");
        let reason = progressing.and_then(|one| one.reason.as_deref());
        assert_eq!(reason, Some("NewReplicaSetAvailable"));
        let sets = made::<ReplicaSet>(&trial).list(&ListParams::default()).await.expect("sets");
        assert_eq!(sets.items.len(), 2, "the old one stays to go back to");
        assert_eq!(now.annotations()["deployment.kubernetes.io/revision"], "2");
    });
}

#[test]
fn scaling_takes_pods_away_and_brings_them_back() {
    trial(|clock| async move {
        let trial = Trial::with_echo(one_node(1), &clock).await;
        let all: Api<Deployment> = Api::namespaced(trial.client(), "seatrial-echo");
        for (replicas, answer) in [(0, "broken off"), (1, "pond-eu")] {
            let scaled = Patch::Merge(json!({"spec": {"replicas": replicas}}));
            all.patch_scale("echo", &PatchParams::default(), &scaled).await.expect("scaled");
            trial.pass(Duration::from_secs(10)).await;
            assert_eq!(trial.pods("seatrial-echo").await.len(), replicas);
            assert_eq!(trial.asks().await, answer);
        }
    });
}

#[test]
fn a_pod_that_is_deleted_is_replaced_and_no_request_is_lost_to_it_later() {
    trial(|clock| async move {
        let trial = Trial::with_echo(one_node(1), &clock).await;
        let pods: Api<Pod> = Api::namespaced(trial.client(), "seatrial-echo");
        let name = trial.pods("seatrial-echo").await[0].name_any();
        pods.delete(&name, &DeleteParams::default()).await.expect("deleted");
        trial.pass(Duration::from_secs(2)).await;
        for _ in 0..20 {
            assert_eq!(trial.asks().await, "pond-eu");
        }
        trial.pass(Duration::from_secs(5)).await;
        let now = trial.pods("seatrial-echo").await;
        assert_eq!(now.len(), 2);
        assert!(now.iter().all(|pod| pod.name_any() != name));
    });
}

#[test]
fn a_job_runs_until_it_has_succeeded_or_failed_too_often() {
    trial(|clock| async move {
        let trial = Trial::ready(one_node(1), &clock).await;
        let jobs = made::<Job>(&trial);
        for (name, command) in [("good", "true"), ("bad", "false")] {
            let job = read(json!({
                "metadata": {"name": name},
                "spec": {
                    "backoffLimit": 1,
                    "template": {"spec": {
                        "restartPolicy": "Never",
                        "containers": [{"name": "it", "image": "busybox:1", "command": [command]}],
                    }},
                },
            }));
            jobs.create(&PostParams::default(), &job).await.expect("made");
        }
        trial.pass(Duration::from_secs(30)).await;
        let ended = async |name| {
            let status = jobs.get(name).await.expect("it").status.expect("a status");
            let last = status.conditions.and_then(|mut all| all.pop()).expect("it is over");
            (last.type_, status.succeeded, status.failed)
        };
        assert_eq!(ended("good").await, ("Complete".to_owned(), Some(1), None));
        assert_eq!(ended("bad").await, ("Failed".to_owned(), None, Some(2)));
    });
}

#[test]
fn a_container_that_ends_is_started_again_after_ever_longer() {
    trial(|clock| async move {
        let trial = Trial::ready(one_node(1), &clock).await;
        let pod = read(json!({
            "metadata": {"name": "broken"},
            "spec": {"containers": [{"name": "it", "image": "busybox:1", "command": ["false"]}]},
        }));
        let pods = made::<Pod>(&trial);
        pods.create(&PostParams::default(), &pod).await.expect("made");
        let restarts = async || {
            let status = pods.get("broken").await.expect("it").status.expect("a status");
            status.container_statuses.expect("statuses")[0].restart_count
        };
        trial.pass(Duration::from_secs(60)).await;
        // After 10, 20 and 40 s, and a second each time.
        assert_eq!(restarts().await, 2);
        trial.pass(Duration::from_secs(30)).await;
        assert_eq!(restarts().await, 3);
        assert!(trial.api().unserved(&[].into()).await.is_ok());
    });
}

#[test]
fn stateful_pods_come_one_after_the_other_and_keep_their_names() {
    trial(|clock| async move {
        let trial = Trial::ready(one_node(1), &clock).await;
        let set: StatefulSet = read(json!({
            "metadata": {"name": "db"},
            "spec": {
                "replicas": 2, "serviceName": "db",
                "selector": {"matchLabels": {"app": "web"}}, "template": template(AGNHOST),
            },
        }));
        let sets = made::<StatefulSet>(&trial);
        sets.create(&PostParams::default(), &set).await.expect("made");
        trial.pass(Duration::from_secs(2)).await;
        assert_eq!(trial.pods("default").await.len(), 1, "the first one is not ready yet");
        trial.pass(Duration::from_secs(10)).await;
        let names: Vec<_> = trial.pods("default").await.iter().map(ResourceExt::name_any).collect();
        assert_eq!(names, ["db-0", "db-1"]);
        let status = sets.get("db").await.expect("it").status.expect("a status");
        assert_eq!(status.ready_replicas, Some(2));
        assert_eq!(status.current_revision, status.update_revision);
    });
}

#[test]
fn a_namespace_takes_everything_with_it() {
    trial(|clock| async move {
        let trial = Trial::with_echo(one_node(1), &clock).await;
        let (api, never) = (trial.api(), CancellationToken::new());
        let minute = Duration::from_secs(60);
        api.remove_namespace("seatrial-echo", minute, &never).await.expect("it goes");
        assert_eq!(trial.pods("seatrial-echo").await.len(), 0);
        trial.pass(Duration::from_secs(2)).await;
        assert_eq!(trial.asks().await, "broken off");
    });
}

#[test]
fn what_happens_is_told_by_events() {
    trial(|clock| async move {
        let trial = Trial::with_echo(one_node(1), &clock).await;
        let events: Api<Event> = Api::namespaced(trial.client(), "seatrial-echo");
        let events = events.list(&ListParams::default()).await.expect("events").items;
        let reasons: std::collections::BTreeSet<_> =
            events.iter().filter_map(|event| event.reason.as_deref()).collect();
        for reason in
            ["Created", "Pulled", "ScalingReplicaSet", "Scheduled", "Started", "SuccessfulCreate"]
        {
            assert!(reasons.contains(reason), "{reason} is not among {reasons:?}");
        }
    });
}

#[test]
fn a_daemon_set_says_what_kubectl_waits_for() {
    trial(|clock| async move {
        let trial = Trial::ready(one_node(1), &clock).await;
        let sets: Api<DaemonSet> = Api::namespaced(trial.client(), "kube-system");
        let set = sets.get("kube-proxy").await.expect("it");
        let status = set.status.expect("a status");
        assert_eq!(status.observed_generation, set.metadata.generation);
        assert_eq!(status.updated_number_scheduled, Some(1));
        assert_eq!((status.desired_number_scheduled, status.number_available), (1, Some(1)));
    });
}
