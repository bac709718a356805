//! The API servers of the clusters that the kind of a test made, on one port of loopback: each
//! below its cluster's name. One answers while its node runs, and says nothing otherwise.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write, copy, sink},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use serde_json::{Value, json};

use super::names;

pub(super) struct Api {
    port: u16,
    over: Arc<AtomicBool>,
}

impl Api {
    pub(super) fn serve(world: &Path) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let over = Arc::new(AtomicBool::new(false));
        let (world, ends) = (world.to_owned(), Arc::clone(&over));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ends.load(Ordering::SeqCst) {
                    break;
                }
                let world = world.clone();
                // A client that goes away in between is its own affair.
                thread::spawn(move || answer(&world, stream).ok());
            }
        });
        Self { port, over }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // It looks once somebody calls.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// Answers one request, and closes.
fn answer(world: &Path, mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let request = next_line(&mut reader)?;
    let mut length = 0;
    loop {
        let line = next_line(&mut reader)?.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or_default();
        }
        if line.is_empty() {
            break;
        }
    }
    // With something unread the connection would be reset, and the answer lost.
    copy(&mut reader.take(length), &mut sink())?;
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = path.split('?').next().unwrap_or_default().trim_start_matches('/');
    let (cluster, path) = path.split_once('/').unwrap_or((path, ""));
    let Some(cluster) = Cluster::running(world, cluster) else { return Ok(()) };
    let (status, body) = match cluster.resource(method, path) {
        Some(body) => ("200 OK", body),
        None => (
            "404 Not Found",
            json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404,
                   "reason": "NotFound", "message": format!("the API of the tests has no {path}")}),
        ),
    };
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len()
    )
}

fn next_line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn list(kind: &str, api: &str, items: impl Into<Value>) -> Value {
    json!({"kind": kind, "apiVersion": api, "metadata": {}, "items": items.into()})
}

/// The range that Kubernetes gives a node for its pods.
pub(super) fn pods_of(container: &str) -> String {
    let number = container.rsplit('-').next().unwrap_or_default();
    format!("10.208.{number}.0/24")
}

struct Cluster {
    node: String,
    id: String,
    version: String,
    spec: Value,
    /// Whether something in it does not serve.
    is_unready: bool,
    /// Whether its pods have addresses of none of its nodes' ranges.
    is_astray: bool,
}

impl Cluster {
    /// The cluster of that name, if its node runs.
    fn running(world: &Path, cluster: &str) -> Option<Self> {
        let read = |path: PathBuf| Some(fs::read_to_string(path).ok()?.trim().to_owned());
        let containers = world.join("containers");
        let nodes = [format!("{cluster}-control-plane"), format!("k3d-{cluster}-server-0")];
        let name = |id: &String| read(containers.join(id).join("name"));
        let is_it = |id: &String| name(id).is_some_and(|name| nodes.contains(&name));
        let id = names(&containers).into_iter().find(is_it)?;
        let node = name(&id)?;
        let version = read(world.join("versions").join(cluster))?;
        let state = read(containers.join(&id).join("state"))?;
        let is_unready = world.join("unready").exists();
        let has_ranges = !world.join("no-ranges").exists();
        let spec = if has_ranges { json!({"podCIDR": pods_of(&id)}) } else { json!({}) };
        let is_astray = world.join("astray").exists();
        (state == "running").then_some(Self { node, id, version, spec, is_unready, is_astray })
    }

    /// What runs in it beside its own.
    fn of_its_users(&self, path: &str) -> Option<Value> {
        let about = json!({"namespace": "shop", "name": "web-1", "labels": {"app": "web"}});
        let (kind, api, item) = match path {
            "api/v1/services" => {
                let about = json!({"namespace": "shop", "name": "web"});
                let item = json!({"metadata": about, "spec": {"selector": {"app": "web"}}});
                ("ServiceList", "v1", Some(item))
            }
            "api/v1/pods" => {
                let ready = json!([{"type": "Ready", "status": "False"}]);
                let status = json!({"podIP": "192.168.3.4", "conditions": ready});
                let spec = json!({"nodeName": self.node, "containers": []});
                let item = json!({"metadata": about, "spec": spec, "status": status});
                ("PodList", "v1", Some(item))
            }
            "apis/discovery.k8s.io/v1/endpointslices" => {
                ("EndpointSliceList", "discovery.k8s.io/v1", None)
            }
            _ => return None,
        };
        let is_there = self.is_unready || self.is_astray && kind == "PodList";
        let items: Vec<Value> = item.filter(|_| is_there).into_iter().collect();
        Some(list(kind, api, items))
    }

    fn resource(&self, method: &str, path: &str) -> Option<Value> {
        let Self { node, id, version, spec, .. } = self;
        let ready = json!([{"type": "Ready", "status": "True",
                            "lastHeartbeatTime": "2999-01-01T00:00:00Z"}]);
        Some(match (method, path) {
            ("GET", "version") => json!({
                "major": "1", "minor": "36", "gitVersion": version, "gitCommit": "", "compiler": "",
                "gitTreeState": "", "buildDate": "", "goVersion": "", "platform": "",
            }),
            ("GET", "api/v1/nodes") => list(
                "NodeList",
                "v1",
                json!([{
                    "metadata": {"name": node}, "spec": spec,
                    "status": {"conditions": ready, "nodeInfo": node_info(version)},
                }]),
            ),
            ("GET", "api/v1/namespaces/kube-system") => json!({
                "kind": "Namespace", "apiVersion": "v1",
                "metadata": {"name": "kube-system", "uid": format!("uid-of-{id}")},
            }),
            ("DELETE", "api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef") => json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            }),
            ("GET", "apis/apps/v1/namespaces/kube-system/deployments/coredns") => json!({
                "kind": "Deployment", "apiVersion": "apps/v1",
                "metadata": {"name": "coredns", "generation": 1},
                "spec": {"replicas": 1, "selector": {}, "template": {}},
                "status": {"observedGeneration": 1, "updatedReplicas": 1, "availableReplicas": 1},
            }),
            ("GET" | "PATCH", "api/v1/namespaces/kube-system/services/kube-dns") => json!({
                "kind": "Service", "apiVersion": "v1", "metadata": {"name": "kube-dns"},
                "spec": {"selector": {"k8s-app": "kube-dns"}},
                "status": {"conditions": [{
                    "type": "Ready", "status": "True", "reason": "", "message": "",
                    "lastTransitionTime": "2026-01-01T00:00:00Z",
                }]},
            }),
            (
                "GET",
                "apis/apps/v1/namespaces/kube-flannel/daemonsets/flannel"
                | "apis/apps/v1/namespaces/kube-system/daemonsets/kindnet",
            ) => json!({
                "kind": "DaemonSet", "apiVersion": "apps/v1",
                "metadata": {"name": "any", "generation": 1},
                "spec": {"selector": {}, "template": {}},
                "status": {
                    "observedGeneration": 1, "currentNumberScheduled": 1, "numberReady": 1,
                    "desiredNumberScheduled": 1, "numberAvailable": 1, "numberMisscheduled": 0,
                },
            }),
            // Everything of flannel's is called after it.
            ("PATCH", path) if path.ends_with("flannel") => json!({"metadata": {"name": "any"}}),
            ("GET", "api/v1") => kinds(
                "v1",
                &[
                    ("ConfigMap", "configmaps", true),
                    ("Namespace", "namespaces", false),
                    ("Service", "services", true),
                    ("ServiceAccount", "serviceaccounts", true),
                ],
            ),
            ("GET", "apis/apps/v1") => kinds(
                "apps/v1",
                &[("DaemonSet", "daemonsets", true), ("Deployment", "deployments", true)],
            ),
            ("GET", "apis/rbac.authorization.k8s.io/v1") => kinds(
                "rbac.authorization.k8s.io/v1",
                &[
                    ("ClusterRole", "clusterroles", false),
                    ("ClusterRoleBinding", "clusterrolebindings", false),
                ],
            ),
            ("GET", "api/v1/namespaces/kube-system/pods") => list(
                "PodList",
                "v1",
                json!([{
                    "metadata": {"name": "coredns"},
                    "status": {"podIP": "10.0.0.2", "conditions": ready},
                }]),
            ),
            ("GET", "apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices") => list(
                "EndpointSliceList",
                "discovery.k8s.io/v1",
                json!([{
                    "metadata": {"name": "kube-dns"}, "addressType": "IPv4",
                    "endpoints": [{"addresses": ["10.0.0.2"]}],
                }]),
            ),
            ("GET", path) => return self.of_its_users(path),
            _ => return None,
        })
    }
}

fn node_info(version: &str) -> Value {
    json!({
        "kubeletVersion": version, "kubeProxyVersion": version, "architecture": "amd64",
        "bootID": "", "containerRuntimeVersion": "", "kernelVersion": "", "machineID": "",
        "operatingSystem": "linux", "osImage": "", "systemUUID": "",
    })
}

/// What an API knows of a group: the name of each kind, of its resource, and whether objects are in
/// namespaces.
fn kinds(group: &str, kinds: &[(&str, &str, bool)]) -> Value {
    let resources = kinds.iter().map(|(kind, name, namespaced)| {
        json!({
            "kind": kind, "name": name, "singularName": "", "namespaced": namespaced,
            "verbs": ["get", "list", "patch"],
        })
    });
    json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group,
        "resources": resources.collect::<Vec<_>>(),
    })
}
