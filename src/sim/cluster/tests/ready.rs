//! seatrial's own readiness asks the same of it as of a real cluster.

use k8s_openapi::api::core::v1::{ConfigMap, Node, ServiceAccount};

use super::*;
use crate::kube::{ExpectedNode, ExpectedNodes, NodeStarts, ServiceName, Workload as Watched};

const DNS: ServiceName<'static> = ServiceName { namespace: "kube-system", name: "kube-dns" };

fn expected(version: &str) -> ExpectedNodes {
    let node =
        ExpectedNode { name: NODE.to_owned(), version: Some(version.to_owned()), started: None };
    ExpectedNodes { nodes: vec![node], ready: true }
}

#[test]
fn a_new_cluster_is_whole_by_seatrials_own_looks() {
    trial(|clock| async move {
        let trial = Trial::start(one_node(1), &clock);
        trial.cluster.created().await;
        let (api, never, minute) = (trial.api(), CancellationToken::new(), Duration::from_secs(60));
        assert_eq!(api.version().await.expect("it answers"), "v1.36.3");
        api.is_ready(Duration::from_secs(5)).await.expect("it is ready");
        api.wait_nodes(&expected("v1.36.3"), minute, &never).await.expect("its node is Ready");
        assert!(clock.now() >= at(20), "the kit's nodes take 20 s, and this one {}", clock.now());
        for (namespace, name) in [("kube-system", "kindnet"), ("kube-system", "kube-proxy")] {
            let set = Watched::DaemonSet { namespace, name };
            api.wait_workload(&set, minute, &never).await.expect("its network is there");
        }
        let dns = Watched::Deployment { namespace: "kube-system", name: "coredns" };
        api.wait_workload(&dns, minute, &never).await.expect("its DNS is there");
        api.wait_served(&DNS, minute, &never).await.expect("its DNS is served");
        assert!(clock.now() < at(30), "it took until {}", clock.now());
        let unserved = api.unserved(&NodeStarts::new()).await.expect("an answer");
        assert_eq!(unserved, [""; 0]);
        assert!(!api.identity().await.expect("it has one").is_empty());
        let servers = api.api_servers().await.expect("an answer");
        assert_eq!(servers, ["10.199.0.2:6443".parse().expect("an address")]);
        let ranges = api.pod_ranges().await.expect("an answer");
        assert_eq!(ranges[NODE], ["10.208.0.0/24".parse().expect("a range")]);
    });
}

#[test]
fn every_namespace_has_what_pods_are_given() {
    trial(|clock| async move {
        let trial = Trial::ready(one_node(1), &clock).await;
        for namespace in ["default", "kube-system", "local-path-storage"] {
            let configs: Api<ConfigMap> = Api::namespaced(trial.client(), namespace);
            configs.get("kube-root-ca.crt").await.expect("a certificate");
            let accounts: Api<ServiceAccount> = Api::namespaced(trial.client(), namespace);
            accounts.get("default").await.expect("an account");
        }
    });
}

#[test]
fn a_kubelet_goes_on_telling_that_it_is_there() {
    trial(|clock| async move {
        let trial = Trial::ready(one_node(1), &clock).await;
        let heartbeat = async || {
            let nodes: Api<Node> = Api::all(trial.client());
            let node = nodes.get(NODE).await.expect("a node");
            let status = node.status.expect("a status");
            let conditions = status.conditions.expect("conditions");
            let ready = conditions.into_iter().find(|one| one.type_ == "Ready").expect("one");
            (ready.status, ready.last_heartbeat_time.expect("a time"))
        };
        let (_, before) = heartbeat().await;
        trial.pass(Duration::from_secs(600)).await;
        let (status, after) = heartbeat().await;
        assert_eq!(status, "True");
        assert!(after.0 > before.0);
    });
}

#[test]
fn without_a_network_nodes_wait_for_somebody_who_brings_one() {
    trial(|clock| async move {
        let mut spec = one_node(1);
        spec.cni = CniSpec { name: "flannel".to_owned(), enforces: false, brought: false };
        let trial = Trial::ready(spec, &clock).await;
        let (api, never) = (trial.api(), CancellationToken::new());
        let within = Duration::from_secs(30);
        let waited = api.wait_nodes(&expected("v1.36.3"), within, &never).await;
        let error = waited.expect_err("nobody has brought one").to_string();
        assert!(error.contains("cni plugin not initialized"), "{error}");
        let flannel = crate::cni::chosen(&crate::model::lab::Cni::Flannel, "kind", "kindnet");
        let flannel = flannel.expect("it can be installed");
        let engine = Engine::shipped().expect("an engine");
        let manifest = flannel.manifest(&engine, "10.208.0.0/16").expect("a manifest");
        api.apply("flannel", &manifest.expect("it has one")).await.expect("it is taken");
        api.wait_nodes(&expected("v1.36.3"), within, &never).await.expect("it is there now");
        let ready = flannel.readiness().expect("it has one");
        api.wait_workload(&ready, within, &never).await.expect("it runs");
        let dns = Watched::Deployment { namespace: "kube-system", name: "coredns" };
        api.wait_workload(&dns, within, &never).await.expect("its DNS is there");
    });
}

#[test]
fn a_kubeconfig_leads_to_the_cluster_and_the_token_of_another_one_does_not() {
    trial(|clock| async move {
        let trial = Trial::ready(one_node(1), &clock).await;
        let config = kube::config::Kubeconfig::from_yaml(&trial.cluster.kubeconfig());
        let config = config.expect("a kubeconfig");
        let server = config.clusters[0].cluster.as_ref().and_then(|it| it.server.clone());
        assert_eq!(server.as_deref(), Some("http://127.0.0.1:20000"));
        assert_eq!(config.contexts.len(), 1);
        let mut other = one_node(1);
        "pond-us".clone_into(&mut other.name);
        assert_ne!(access::token(&other), trial.cluster.token());
        let wire = Wire {
            connector: trial.network.at("client"),
            to: trial.cluster.spec().api,
            token: access::token(&other),
        };
        let error = ClusterApi::over("eu", Client::new(wire, "default")).identity().await;
        assert!(error.expect_err("it is another one's").to_string().contains("Unauthorized"));
    });
}

#[test]
fn a_dump_tells_everything_but_secrets() {
    trial(|clock| async move {
        let trial = Trial::ready(one_node(1), &clock).await;
        let dump = trial.cluster.dump();
        assert!(dump["kube-system/pods.yaml"].contains("name: coredns"));
        assert!(dump["cluster/nodes.yaml"].contains(NODE));
        assert!(dump["kube-system/secrets.yaml"].contains("left out"));
    });
}
