//! A lab that is up, without a cluster: an API and a workload of a few canned answers, and a record
//! that says where they are.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use super::Test;

/// One cluster of a lab, as far as `traffic` can tell it from a real one.
pub struct Served {
    name: &'static str,
    api: Server,
    workload: Server,
}

/// What a workload does with requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mood {
    Answers,
    /// It closes the connection instead.
    Cuts,
    Hangs,
}

/// A server on loopback that gives canned answers; it ends with the test's process.
struct Server {
    port: u16,
    mood: Arc<Mutex<Mood>>,
    /// Method and path of every request.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Served {
    /// A cluster whose workload answers with its name.
    pub fn cluster(name: &'static str) -> Self {
        let workload = Server::start(BTreeMap::from([
            ("/healthz".to_owned(), "ok".to_owned()),
            ("/hostname".to_owned(), format!("pond-{name}")),
        ]));
        Self { name, api: Server::start(api()), workload }
    }

    /// A cluster in which there is nothing.
    pub fn empty(name: &'static str) -> Self {
        Self { api: Server::start(BTreeMap::new()), ..Self::cluster(name) }
    }

    /// What its workload does from now on.
    pub fn becomes(&self, mood: Mood) {
        *self.workload.mood.lock().expect("no panic") = mood;
    }

    /// Whether somebody waits for an answer that never comes.
    pub fn keeps_somebody_waiting(&self) -> bool {
        self.workload.asked.lock().expect("no panic").iter().any(|asked| asked == "left waiting")
    }

    /// What its API was asked for that would change something.
    pub fn changes(&self) -> Vec<String> {
        let asked = self.api.asked.lock().expect("no panic");
        asked.iter().filter(|asked| !asked.starts_with("GET ")).cloned().collect()
    }

    fn record(&self, state: &str, node_port: u16) -> String {
        let Self { name, workload, .. } = self;
        format!(
            r#""{name}": {{"name": "pond-{name}", "provider": "kind", "state": "{state}",
            "declared": {{"template": "kind-basic", "kubernetes": "1.36", "cni": "default",
                "labels": {{}}, "parameters": {{}}, "ports": [{node_port}], "network": "lab",
                "keep_bootstrap_token": false}},
            "image": {{"image": "kindest/node:v1.36.4", "version": "v1.36.4",
                "chosen": "by the test", "id": null}},
            "network": "pond", "pods": "10.200.0.0/16", "services": "10.100.0.0/16",
            "api_port": 20000, "ports": [{{"node": {node_port}, "host": {port}}}], "nodes": [],
            "facts": null}}"#,
            port = workload.port
        )
    }

    fn kubeconfig(&self) -> String {
        let (name, port) = (self.name, self.api.port);
        format!(
            "{{apiVersion: v1, kind: Config, current-context: {name}, \
             clusters: [{{name: {name}, cluster: {{server: \"http://127.0.0.1:{port}\"}}}}], \
             users: [{{name: {name}, user: {{}}}}], \
             contexts: [{{name: {name}, context: {{cluster: {name}, user: {name}}}}}]}}"
        )
    }
}

impl Test {
    /// The lab `pond` with these clusters is on record, and up.
    pub fn pond_is_up(self, clusters: &[&Served]) -> Self {
        self.pond_is(clusters, "ready", 30080)
    }

    /// It is on record with clusters in this state, which publish this node port alone.
    pub fn pond_is(self, clusters: &[&Served], state: &str, node_port: u16) -> Self {
        let records: Vec<String> =
            clusters.iter().map(|cluster| cluster.record(state, node_port)).collect();
        let record = format!(
            r#"{{"format": 1, "name": "pond", "created": "2026-01-01T00:00:00Z",
            "owner": {{"pid": 1, "started": 0}}, "source": "pond.yaml", "networks": [],
            "clusters": {{{}}}}}"#,
            records.join(", ")
        );
        self.write_record("pond", &record);
        for cluster in clusters {
            let file = format!("clusters/{}/kubeconfig", cluster.name);
            self.write_lab_file("pond", &file, &cluster.kubeconfig());
        }
        self
    }
}

impl Server {
    fn start(answers: BTreeMap<String, String>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let (mood, asked) = (Arc::new(Mutex::new(Mood::Answers)), Arc::default());
        let server = Self { port, mood: Arc::clone(&mood), asked: Arc::clone(&asked) };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, mood) = (answers.clone(), Arc::clone(&mood));
                let asked = Arc::clone(&asked);
                // A client that goes away ends its connection, nothing else.
                thread::spawn(move || serve(&stream, &answers, &mood, &asked).ok());
            }
        });
        server
    }
}

/// Answers every request of a connection; what has no answer is not found.
fn serve(
    stream: &TcpStream,
    answers: &BTreeMap<String, String>,
    mood: &Mutex<Mood>,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    while let Some(first) = lines.next().transpose()? {
        let mut closes = false;
        for line in lines.by_ref() {
            let line = line?;
            closes |= line.eq_ignore_ascii_case("connection: close");
            if line.is_empty() {
                break;
            }
        }
        let mut words = first.split(' ');
        let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let path = path.split('?').next().unwrap_or("");
        asked.lock().expect("no panic").push(format!("{method} {path}"));
        let mood = *mood.lock().expect("no panic");
        match mood {
            Mood::Answers => {}
            Mood::Cuts => return Ok(()),
            // Until the client goes away.
            Mood::Hangs => {
                asked.lock().expect("no panic").push("left waiting".to_owned());
                return lines.next().transpose().map(drop);
            }
        }
        let (status, body) = match answers.get(path) {
            Some(body) => ("200 OK", body.as_str()),
            None => (
                "404 Not Found",
                r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"not found","reason":"NotFound","code":404}"#,
            ),
        };
        let length = body.len();
        let mut out = stream;
        write!(out, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}")?;
        if closes {
            return Ok(());
        }
    }
    Ok(())
}

/// The answers of an API in whose cluster the workload is.
fn api() -> BTreeMap<String, String> {
    let deployment = r#"{"apiVersion":"apps/v1","kind":"Deployment",
        "metadata":{"name":"echo","generation":1},
        "spec":{"replicas":2,"selector":{},"template":{}},
        "status":{"observedGeneration":1,"updatedReplicas":2,"availableReplicas":2}}"#;
    let service = r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"echo"},
        "spec":{"selector":{"app":"echo"}}}"#;
    let list = |kind: &str, version: &str| {
        format!(r#"{{"apiVersion":"{version}","kind":"{kind}List","metadata":{{}},"items":[]}}"#)
    };
    let ns = "namespaces/seatrial-echo";
    BTreeMap::from([
        (format!("/apis/apps/v1/{ns}/deployments/echo"), deployment.to_owned()),
        (format!("/api/v1/{ns}/services/echo"), service.to_owned()),
        (format!("/api/v1/{ns}/pods"), list("Pod", "v1")),
        (
            format!("/apis/discovery.k8s.io/v1/{ns}/endpointslices"),
            list("EndpointSlice", "discovery.k8s.io/v1"),
        ),
    ])
}
