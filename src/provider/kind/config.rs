//! Reading kind's own configuration as strictly as kind does, and with what seatrial promises:
//! nothing listens beyond this host, nodes see none of its directories unless somebody said so, and
//! every node's image is known.
//!
//! The keys are those of kind's v1alpha4 (kind:pkg/apis/config/v1alpha4/types.go).

use crate::{
    model::{
        decode::{Decoder, Read},
        problem::Problem,
        problems::Problems,
        source::SourceFile,
        tree::Node,
    },
    provider::{
        NativeConfig, NativeNode, NodeRole,
        reading::{self, EVERYWHERE, host_path, loopback, pass},
    },
};

const API_VERSION: [(&str, ()); 1] = [("kind.x-k8s.io/v1alpha4", ())];
const KIND: [(&str, ()); 1] = [("Cluster", ())];
const ROLES: [(&str, NodeRole); 2] =
    [("control-plane", NodeRole::ControlPlane), ("worker", NodeRole::Worker)];

const PROTOCOLS: [(&str, ()); 3] = [("SCTP", ()), ("TCP", ()), ("UDP", ())];

/// Reads the configuration of the cluster that will be called `cluster`.
pub(super) fn read(
    cluster: &str,
    file: &SourceFile,
    host_mounts: bool,
) -> Result<NativeConfig, Problems> {
    reading::whole(file, |decoder, root| document(decoder, root, cluster, host_mounts))
}

fn document(
    decoder: &mut Decoder,
    root: &Node,
    cluster: &str,
    host_mounts: bool,
) -> Read<NativeConfig> {
    decoder.map(root, "kind's configuration", |fields| {
        let kind = fields.required_because("kind", "write `kind: Cluster`", |decoder, node| {
            decoder.choice(node, "kind", &KIND)
        });
        let hint = "write `apiVersion: kind.x-k8s.io/v1alpha4`";
        let version = fields.required_because("apiVersion", hint, |decoder, node| {
            decoder.choice(node, "apiVersion", &API_VERSION)
        });
        let networking = fields.optional("networking", networking);
        let hint =
            "write each node with its role and image, such as `- {role: control-plane, image: …}`";
        let nodes = fields.required_because("nodes", hint, |decoder, node| {
            nodes(decoder, node, cluster, host_mounts)
        });
        pass(
            fields,
            &[
                "containerdConfigPatches",
                "containerdConfigPatchesJSON6902",
                "featureGates",
                "kubeadmConfigPatches",
                "kubeadmConfigPatchesJSON6902",
                "name",
                "runtimeConfig",
            ],
        );
        kind.and(version).and(networking)?;
        nodes
    })
}

fn networking(decoder: &mut Decoder, node: &Node) -> Read<()> {
    decoder.map(node, "`networking`", |fields| {
        let address = fields.optional("apiServerAddress", |decoder, node| {
            let address = decoder.text(node, "`apiServerAddress`")?.to_owned();
            loopback(decoder, node, "the API server", "apiServerAddress", &address)
        });
        pass(
            fields,
            &[
                "apiServerPort",
                "disableDefaultCNI",
                "dnsSearch",
                "ipFamily",
                "kubeProxyMode",
                "podSubnet",
                "serviceSubnet",
            ],
        );
        address.map(drop)
    })
}

fn nodes(
    decoder: &mut Decoder,
    node: &Node,
    cluster: &str,
    host_mounts: bool,
) -> Read<NativeConfig> {
    let read =
        decoder.each(node, "`nodes`", |decoder, node| one_node(decoder, node, host_mounts))?;
    if !read.iter().any(|node| node.role == NodeRole::ControlPlane) {
        return Err(decoder.report(&node.named, Problem::NoControlPlane));
    }
    let mut config = NativeConfig::default();
    for node in read {
        let earlier = config.nodes.iter().filter(|known| known.role == node.role).count();
        let role = ROLES.iter().find(|(_, role)| *role == node.role).map_or("", |(name, _)| name);
        // kind:pkg/cluster/internal/providers/common/namer.go: the first one has no number.
        let number = if earlier == 0 { String::new() } else { (earlier + 1).to_string() };
        let name = format!("{cluster}-{role}{number}");
        config.nodes.push(NativeNode { name, role: node.role, image: node.image });
        for mount in node.mounts {
            if !config.host_mounts.contains(&mount) {
                config.host_mounts.push(mount);
            }
        }
    }
    config.load_balancer = config.control_planes().count() > 1;
    Ok(config)
}

struct OneNode {
    role: NodeRole,
    image: String,
    mounts: Vec<String>,
}

fn one_node(decoder: &mut Decoder, node: &Node, host_mounts: bool) -> Read<OneNode> {
    decoder.map(node, "a node", |fields| {
        let role = fields.optional("role", |decoder, node| decoder.choice(node, "role", &ROLES));
        let image = fields
            .optional("image", |decoder, node| decoder.sentence(node, "`image`"))
            .and_then(|image| image.ok_or_else(|| fields.lacks(&["image"], Problem::NoImage)));
        let mounts = fields.optional("extraMounts", |decoder, node| {
            decoder.each(node, "`extraMounts`", |decoder, node| mount(decoder, node, host_mounts))
        });
        let ports = fields.optional("extraPortMappings", |decoder, node| {
            decoder.each(node, "`extraPortMappings`", port)
        });
        pass(fields, &["kubeadmConfigPatches", "kubeadmConfigPatchesJSON6902", "labels"]);
        ports?;
        Ok(OneNode {
            role: role?.unwrap_or(NodeRole::ControlPlane),
            image: image?,
            mounts: mounts?.unwrap_or_default(),
        })
    })
}

fn mount(decoder: &mut Decoder, node: &Node, host_mounts: bool) -> Read<String> {
    decoder.map(node, "a mount", |fields| {
        let host = fields.required("hostPath", |decoder, node| {
            let path = decoder.sentence(node, "`hostPath`")?;
            host_path(decoder, node, path, host_mounts)
        });
        let inside = fields
            .required("containerPath", |decoder, node| decoder.sentence(node, "`containerPath`"));
        pass(fields, &["propagation", "readOnly", "selinuxRelabel"]);
        inside?;
        host
    })
}

fn port(decoder: &mut Decoder, node: &Node) -> Read<()> {
    decoder.map(node, "a port mapping", |fields| {
        let address = fields.optional("listenAddress", |decoder, node| {
            let address = decoder.text(node, "`listenAddress`")?.to_owned();
            loopback(decoder, node, "a port", "listenAddress", &address)
        });
        let inside = fields.required("containerPort", |decoder, node| {
            decoder.integer(node, "`containerPort`", 1..=65_535)
        });
        let outside = fields
            .optional("hostPort", |decoder, node| decoder.integer(node, "`hostPort`", -1..=65_535));
        let protocol = fields
            .optional("protocol", |decoder, node| decoder.choice(node, "protocol", &PROTOCOLS));
        if address?.is_none() {
            loopback(fields.decoder, node, "a port", "listenAddress", EVERYWHERE)?;
        }
        inside.and(outside).and(protocol).map(drop)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
networking: {apiServerAddress: 127.0.0.1}
nodes:
- {role: control-plane, image: \"node:v1.36.4\"}
- {role: control-plane, image: \"node:v1.36.4\"}
- {role: worker, image: \"node:v1.35.8\", extraMounts: [{hostPath: /srv, containerPath: /srv}]}
";

    fn config(text: &str, host_mounts: bool) -> Result<NativeConfig, String> {
        let file = SourceFile::new("kind-test as rendered", text);
        read("pond", &file, host_mounts).map_err(|problems| problems.to_string())
    }

    #[test]
    fn nodes_get_the_names_that_kind_gives_them() {
        let config = config(GOOD, true).expect("it is good");
        let nodes: Vec<(&str, &str)> =
            config.nodes.iter().map(|node| (&*node.name, &*node.image)).collect();
        assert_eq!(
            nodes,
            [
                ("pond-control-plane", "node:v1.36.4"),
                ("pond-control-plane2", "node:v1.36.4"),
                ("pond-worker", "node:v1.35.8")
            ]
        );
        assert_eq!(config.control_planes().count(), 2);
        assert_eq!(config.host_mounts, ["/srv"]);
    }

    #[test]
    fn what_seatrial_promises_is_kept() {
        let said = |from: &str, to: &str| config(&GOOD.replace(from, to), false).unwrap_err();
        let mount = "the nodes see `/srv` of the host, and the template does not say so";
        assert_eq!(config(GOOD, false), Err(format!("kind-test as rendered:7: {mount}")));
        let all = said("127.0.0.1", "0.0.0.0");
        assert!(all.contains("the API server would be open to other machines"), "{all}");
        let all = said("extraMounts: [{hostPath: /srv, ", "extraMounts: [{hostPath: srv, ");
        assert!(all.contains("`srv` is not an absolute path"), "{all}");
        let ports = "extraPortMappings: [{containerPort: 80, hostPort: 8080}]";
        let all = said("extraMounts: [{hostPath: /srv, containerPath: /srv}]", ports);
        assert!(
            all.contains("a port would be open to other machines: it listens on 0.0.0.0"),
            "{all}"
        );
        let all = said("role: worker, image: \"node:v1.35.8\", ", "role: worker, ");
        assert!(all.contains("a node names no image"), "{all}");
    }

    #[test]
    fn what_kind_does_not_know_is_unknown_here_too() {
        let error = config(&GOOD.replace("role: worker", "rolle: worker"), true).unwrap_err();
        assert_eq!(error, "kind-test as rendered:7: unknown key `rolle` in a node");
        let error = config(&GOOD.replace("kind: Cluster", "kind: Cluster2"), true).unwrap_err();
        assert_eq!(error, "kind-test as rendered:1: there is no kind `Cluster2`");
        let workers = GOOD.replace("role: control-plane", "role: worker");
        let error = config(&workers, true).unwrap_err();
        assert_eq!(error, "kind-test as rendered:4: no node is a control plane");
    }
}
