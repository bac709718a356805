//! What the docker of a test holds, and what was asked of it and of kind.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::names;

/// The directory that the shims keep their state in.
pub struct World {
    dir: PathBuf,
    docker: PathBuf,
}

/// The node images on the host.
const IMAGES: &str = "kindest/node:v1.35.4\nkindest/node:v1.36.4\n";

/// Those, and what k3d needs.
pub(super) const ALL_IMAGES: &str = "kindest/node:v1.35.4\nkindest/node:v1.36.4\n\
    rancher/k3s:v1.36.3-k3s1\nghcr.io/k3d-io/k3d-tools:5.8.3\nghcr.io/k3d-io/k3d-proxy:5.8.3\n";

/// What docker says of itself. Its kernel is another one than the host's, as with Docker Desktop.
const ENGINE: &str = r#"{"NCPU":2,"MemTotal":8000000000,"KernelVersion":"6.12.0-desktop",
"DockerRootDir":"/var/lib/docker","Driver":"overlay2","CgroupVersion":"2","CgroupDriver":"systemd",
"SecurityOptions":["name=seccomp,profile=builtin"]}
"#;

impl World {
    pub(super) fn new(test: &Path) -> Self {
        let dir = test.join("world");
        for name in ["attempts", "containers", "ids", "making", "networks", "versions", "volumes"] {
            fs::create_dir_all(dir.join(name)).expect("it is new");
        }
        let world = Self { dir, docker: test.join("programs/docker") };
        world.write("api", "1.52\n");
        world.write("info", ENGINE);
        world.write("endpoint", "unix:///var/run/docker.sock\n");
        world.write("images", IMAGES);
        world.write("overlapping", "");
        world
    }

    /// Where the APIs of clusters are served.
    pub(super) fn serve_at(&self, port: u16) {
        self.write("clusters-port", &port.to_string());
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Docker's daemon does not run.
    pub fn stop_daemon(&self) {
        self.write("no-daemon", "");
    }

    /// The images on the host, a line each.
    pub fn holds_images(&self, images: &str) {
        self.write("images", images);
    }

    /// The docker command line talks to a daemon elsewhere.
    pub fn endpoint(&self, endpoint: &str) {
        self.write("endpoint", endpoint);
    }

    /// The engine speaks another version of its API.
    pub fn api(&self, version: &str) {
        self.write("api", &format!("{version}\n"));
    }

    /// The engine says something else of itself.
    pub fn engine_says(&self, known: &str, instead: &str) {
        let info = self.read("info");
        assert!(info.contains(known), "no {known} in {info}");
        self.write("info", &info.replace(known, instead));
    }

    /// A subnet is in use in a way that docker alone knows of.
    pub fn overlaps(&self, subnet: &str) {
        self.write("overlapping", &format!("{subnet}\n"));
    }

    /// Calls of this docker command, one word or two, or of `kind`, do not come back until they
    /// are let go.
    pub fn hold(&self, command: &str) {
        self.write(&format!("hold-{command}"), "");
    }

    pub fn let_go(&self, command: &str) {
        fs::remove_file(self.dir.join(format!("hold-{command}"))).expect("it was held");
    }

    /// Somebody else's container.
    pub fn run_container(&self, name: &str, network: &str, label: &str) {
        self.docker(&["run", "--detach", "--name", name, "--network", network, "--label", label]);
    }

    /// The same with several labels.
    pub fn run_container_labelled(&self, name: &str, network: &str, labels: &[&str]) {
        let labels = labels.iter().flat_map(|label| ["--label", label]);
        let run = ["run", "--detach", "--name", name, "--network", network];
        self.docker(&run.into_iter().chain(labels).collect::<Vec<_>>());
    }

    pub fn remove_container(&self, name: &str) {
        self.docker(&["rm", "--force", "--volumes", name]);
    }

    pub fn pause_container(&self, name: &str) {
        self.docker(&["pause", &self.id(name)]);
    }

    /// Somebody else's container that was never started.
    pub fn create_container(&self, name: &str, network: &str, label: &str) {
        self.run_container(name, network, label);
        self.write(&format!("containers/{}/state", self.id(name)), "created\n");
    }

    /// Somebody else restarts it, or Docker does.
    pub fn restart_container(&self, name: &str) {
        self.docker(&["restart", &self.id(name)]);
    }

    pub fn stop_container(&self, name: &str) {
        self.docker(&["stop", &self.id(name)]);
    }

    /// Somebody else's network.
    pub fn create_network(&self, name: &str, subnet: &str) {
        self.docker(&["network", "create", "--subnet", subnet, name]);
    }

    /// The names of all containers, sorted.
    pub fn containers(&self) -> Vec<String> {
        self.named("containers")
    }

    /// The names of all networks, sorted.
    pub fn networks(&self) -> Vec<String> {
        self.named("networks")
    }

    /// The names of all volumes, sorted.
    pub fn volumes(&self) -> Vec<String> {
        let mut names = names(&self.dir.join("volumes"));
        names.sort();
        names
    }

    /// Somebody else's volume.
    pub fn create_volume(&self, name: &str, label: &str) {
        self.docker(&["volume", "create", name, "--label", label]);
    }

    pub fn id(&self, container: &str) -> String {
        let ids = names(&self.dir.join("containers"));
        let id =
            ids.into_iter().find(|id| self.read(&format!("containers/{id}/name")) == container);
        id.expect("it is there")
    }

    /// Docker fails when it is asked about this container.
    pub fn does_not_tell_of(&self, id: &str) {
        self.write(&format!("containers/{id}/untold"), "");
    }

    pub fn state_of(&self, container: &str) -> String {
        self.read(&format!("containers/{}/state", self.id(container)))
    }

    pub fn network_of(&self, container: &str) -> String {
        self.read(&format!("containers/{}/network", self.id(container)))
    }

    /// The routes that a container was given, sorted.
    pub fn routes_of(&self, container: &str) -> Vec<String> {
        let routes = self.read(&format!("containers/{}/routes", self.id(container)));
        let mut routes: Vec<String> = routes.lines().map(str::to_owned).collect();
        routes.sort();
        routes
    }

    /// The route that leads to the pods of a node that runs.
    pub fn route_to(&self, container: &str) -> String {
        let id = self.id(container);
        let address = self.read(&format!("containers/{id}/address"));
        format!("{} via {address}", super::api::pods_of(&id))
    }

    /// A service of every cluster leads to a pod that is not ready.
    pub fn does_not_serve(&self) {
        self.write("unready", "");
    }

    /// k3d never ends once it was asked to start a cluster.
    pub fn hangs_while_starting(&self) {
        self.write("starting-hangs", "");
    }

    /// k3d starts clusters again as it should.
    pub fn starts(&self) {
        for marker in ["starting-hangs", "kind-hangs"] {
            fs::remove_file(self.dir.join(marker)).expect("it hung");
        }
    }

    /// No node has a range for pods.
    pub fn gives_no_ranges(&self) {
        self.write("no-ranges", "");
    }

    /// Pods get addresses of no range that Kubernetes gave to a node.
    pub fn hands_out_addresses_of_its_own(&self) {
        self.write("astray", "");
    }

    /// The arguments of every call of a program.
    pub fn calls(&self, program: &str) -> Vec<String> {
        let log = fs::read_to_string(self.dir.join(format!("{program}.log"))).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// Whether a program was called with arguments that begin like this.
    pub fn was_asked(&self, program: &str, beginning: &str) -> bool {
        self.calls(program).iter().any(|call| call.starts_with(beginning))
    }

    /// The configuration that kind was given in each attempt to create a cluster.
    pub fn configs(&self) -> Vec<String> {
        let attempts = names(&self.dir.join("attempts")).into_iter();
        attempts.map(|attempt| self.read(&format!("attempts/{attempt}/config.yaml"))).collect()
    }

    /// The process groups that kind ran in.
    pub(super) fn groups(&self) -> Vec<i32> {
        let groups = fs::read_to_string(self.dir.join("groups")).unwrap_or_default();
        groups.lines().map(|group| group.parse().expect("a number")).collect()
    }

    /// Another kind may say that it hangs.
    pub fn forget_hang(&self) {
        fs::remove_file(self.dir.join("kind-hangs")).expect("kind hangs");
    }

    fn named(&self, kind: &str) -> Vec<String> {
        let ids = names(&self.dir.join(kind)).into_iter();
        let mut named: Vec<_> = ids.map(|id| self.read(&format!("{kind}/{id}/name"))).collect();
        named.sort();
        named
    }

    fn docker(&self, args: &[&str]) {
        let output = Command::new(&self.docker).args(args).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "docker {}: {said}", args.join(" "));
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.dir.join(path)).expect("readable").trim_end().to_owned()
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.dir.join(path), text).expect("writable");
    }
}
