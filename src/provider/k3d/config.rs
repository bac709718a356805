//! Reading k3d's own configuration as strictly as k3d does, and with what seatrial promises:
//! nothing listens beyond this host, nodes see none of its directories unless somebody said so,
//! nothing is made that is not removed with the cluster, and the image is known.
//!
//! The keys are those of k3d's v1alpha5 (k3d:pkg/config/v1alpha5/schema.json).

use crate::{
    model::{
        decode::{Decoder, Fields, Read},
        problem::Problem,
        problems::Problems,
        source::SourceFile,
        tree::Node,
    },
    provider::{
        NativeConfig, NativeNode, NodeRole,
        reading::{self, EVERYWHERE, host_path, is_loopback, loopback, pass},
    },
};

const API_VERSION: [(&str, ()); 1] = [("k3d.io/v1alpha5", ())];
const KIND: [(&str, ()); 1] = [("Simple", ())];

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
    decoder.map(root, "k3d's configuration", |fields| {
        let kind = fields.required_because("kind", "write `kind: Simple`", |decoder, node| {
            decoder.choice(node, "kind", &KIND)
        });
        let hint = "write `apiVersion: k3d.io/v1alpha5`";
        let version = fields.required_because("apiVersion", hint, |decoder, node| {
            decoder.choice(node, "apiVersion", &API_VERSION)
        });
        let image = fields
            .optional("image", |decoder, node| decoder.sentence(node, "`image`"))
            .and_then(|image| image.ok_or_else(|| fields.lacks(&["image"], Problem::NoImage)));
        let servers = count(fields, "servers", 1, 1);
        let agents = count(fields, "agents", 0, 0);
        let hint = "write `kubeAPI: {hostIP: 127.0.0.1, hostPort: …}`";
        let api = fields.required_because("kubeAPI", hint, api);
        let ports = fields.optional("ports", |decoder, node| decoder.each(node, "`ports`", port));
        let volumes = fields.optional("volumes", |decoder, node| {
            decoder.each(node, "`volumes`", |decoder, node| volume(decoder, node, host_mounts))
        });
        let files = fields.optional("files", |decoder, node| {
            decoder.each(node, "`files`", |decoder, node| copied(decoder, node, host_mounts))
        });
        let balancer = fields.optional("options", options);
        refuse(fields, "network", "seatrial makes the networks of a lab");
        refuse(fields, "subnet", "seatrial makes the networks of a lab");
        refuse(fields, "registries", "a registry would hang on the lab's network, or outlive it");
        pass(fields, &["env", "hostAliases", "metadata", "token"]);
        kind.and(version).and(api).and(ports.map(drop))?;
        let (image, mut mounts) = (image?, volumes?.unwrap_or_default());
        mounts.extend(files?.unwrap_or_default());
        let node = |role, name: &str, number| NativeNode {
            name: format!("k3d-{cluster}-{name}-{number}"),
            role,
            image: image.clone(),
        };
        // k3d:pkg/client/node.go: from 0 on.
        let servers = (0..servers?).map(|number| node(NodeRole::ControlPlane, "server", number));
        let agents = (0..agents?).map(|number| node(NodeRole::Worker, "agent", number));
        Ok(NativeConfig {
            nodes: servers.chain(agents).collect(),
            load_balancer: balancer?.unwrap_or(true),
            host_mounts: mounts.into_iter().flatten().collect(),
        })
    })
}

/// A key that k3d knows and a template may not use.
fn refuse(fields: &mut Fields<'_, '_>, key: &'static str, why: &'static str) {
    if let Some(node) = fields.node(key) {
        fields.decoder.report(&node.named, Problem::NotForTemplates { key, why });
    }
}

fn count(fields: &mut Fields<'_, '_>, key: &'static str, least: i64, default: i64) -> Read<i64> {
    let read = fields
        .optional(key, |decoder, node| decoder.integer(node, &format!("`{key}`"), least..=99));
    Ok(read?.unwrap_or(default))
}

fn api(decoder: &mut Decoder, node: &Node) -> Read<()> {
    decoder.map(node, "`kubeAPI`", |fields| {
        let address = fields.optional("hostIP", |decoder, node| {
            let address = decoder.text(node, "`hostIP`")?.to_owned();
            loopback(decoder, node, "the API server", "hostIP", &address)
        });
        pass(fields, &["host", "hostPort"]);
        if address?.is_none() {
            loopback(fields.decoder, node, "the API server", "hostIP", EVERYWHERE)?;
        }
        Ok(())
    })
}

/// A port as k3d writes it: `127.0.0.1:20001:30080/tcp`.
fn port(decoder: &mut Decoder, node: &Node) -> Read<()> {
    decoder.map(node, "a port", |fields| {
        let port = fields.required("port", |decoder, node| {
            let text = decoder.sentence(node, "`port`")?;
            let parts: Vec<&str> = text.split(':').collect();
            let address = if parts.len() == 3 { parts[0] } else { EVERYWHERE };
            if is_loopback(address) {
                return Ok(());
            }
            Err(decoder.report(&node.at, Problem::PortNotLoopback { text }))
        });
        pass(fields, &["nodeFilters"]);
        port
    })
}

/// A volume as Docker writes it. Returns the directory of the host that it shows.
fn volume(decoder: &mut Decoder, node: &Node, host_mounts: bool) -> Read<Option<String>> {
    decoder.map(node, "a volume", |fields| {
        let volume = fields.required("volume", |decoder, node| {
            let text = decoder.sentence(node, "`volume`")?;
            let Some((source, _)) = text.split_once(':') else { return Ok(None) };
            host_path(decoder, node, source.to_owned(), host_mounts).map(Some)
        });
        pass(fields, &["nodeFilters"]);
        volume
    })
}

/// A file that k3d copies into nodes: a path on the host, or its text.
fn copied(decoder: &mut Decoder, node: &Node, host_mounts: bool) -> Read<Option<String>> {
    decoder.map(node, "a file", |fields| {
        let source = fields.required("source", |decoder, node| {
            let text = decoder.text(node, "`source`")?.to_owned();
            if text.contains('\n') {
                return Ok(None);
            }
            host_path(decoder, node, text, host_mounts).map(Some)
        });
        pass(fields, &["description", "destination", "nodeFilters"]);
        source
    })
}

/// Whether there is a load balancer before the servers.
fn options(decoder: &mut Decoder, node: &Node) -> Read<bool> {
    decoder.map(node, "`options`", |fields| {
        let k3d = fields.optional("k3d", |decoder, node| {
            decoder.map(node, "`options.k3d`", |fields| {
                let disabled = fields.optional("disableLoadbalancer", |decoder, node| {
                    decoder.boolean(node, "`disableLoadbalancer`")
                });
                let why = "seatrial sets how k3d waits and what it leaves when it fails";
                for key in ["wait", "timeout", "disableImageVolume", "disableRollback"] {
                    refuse(fields, key, why);
                }
                pass(fields, &["loadbalancer"]);
                Ok(!disabled?.unwrap_or_default())
            })
        });
        refuse(fields, "kubeconfig", "seatrial keeps kubeconfigs of its own");
        pass(fields, &["k3s"]);
        let runtime = fields.optional("runtime", runtime);
        runtime?;
        Ok(k3d?.unwrap_or(true))
    })
}

fn runtime(decoder: &mut Decoder, node: &Node) -> Read<()> {
    decoder.map(node, "`options.runtime`", |fields| {
        let why = "k3d would write files for it beside its configuration, and nodes would see them";
        refuse(fields, "serversMemory", why);
        refuse(fields, "agentsMemory", why);
        refuse(fields, "hostPidMode", "nodes would see the programs of this host");
        pass(fields, &["gpuRequest", "labels", "ulimits"]);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "apiVersion: k3d.io/v1alpha5
kind: Simple
servers: 1
agents: 2
image: rancher/k3s:v1.36.3-k3s1
kubeAPI: {hostIP: 127.0.0.1, hostPort: \"20000\"}
ports: [{port: \"127.0.0.1:20001:30080\", nodeFilters: [\"server:0:direct\"]}]
volumes: [{volume: \"/srv:/srv\"}]
options: {k3d: {disableLoadbalancer: true}, k3s: {extraArgs: []}}
";

    fn config(text: &str, host_mounts: bool) -> Result<NativeConfig, String> {
        let file = SourceFile::new("k3d-test as rendered", text);
        read("pond", &file, host_mounts).map_err(|problems| problems.to_string())
    }

    #[test]
    fn nodes_get_the_names_that_k3d_gives_them() {
        let config = config(GOOD, true).expect("it is good");
        let names: Vec<&str> = config.nodes.iter().map(|node| &*node.name).collect();
        assert_eq!(names, ["k3d-pond-server-0", "k3d-pond-agent-0", "k3d-pond-agent-1"]);
        assert!(config.nodes.iter().all(|node| node.image == "rancher/k3s:v1.36.3-k3s1"));
        assert_eq!(config.control_planes().count(), 1);
        assert_eq!(config.host_mounts, ["/srv"]);
        assert!(!config.load_balancer);
    }

    #[test]
    fn without_a_word_there_is_one_server_and_a_load_balancer() {
        let short =
            "apiVersion: k3d.io/v1alpha5\nkind: Simple\nimage: a:1\nkubeAPI: {hostIP: 127.0.0.1}\n";
        let config = config(short, false).expect("it is good");
        assert_eq!((config.nodes.len(), config.load_balancer), (1, true));
    }

    #[test]
    fn what_seatrial_promises_is_kept() {
        let said = |from: &str, to: &str| config(&GOOD.replace(from, to), false).unwrap_err();
        let mount = "the nodes see `/srv` of the host, and the template does not say so";
        assert_eq!(config(GOOD, false), Err(format!("k3d-test as rendered:8: {mount}")));
        let cases = [
            ("hostIP: 127.0.0.1, ", "", "the API server would be open to other machines"),
            ("hostIP: 127.0.0.1", "hostIP: 10.0.0.1", "it listens on 10.0.0.1"),
            ("\"127.0.0.1:20001:30080\"", "\"20001:30080\"", "`20001:30080` would be open"),
            ("\"/srv:/srv\"", "\"data:/srv\"", "`data` is not an absolute path"),
            ("image: rancher/k3s:v1.36.3-k3s1\n", "", "names no image"),
            ("servers: 1", "servers: 1\nnetwork: kind", "`network` is not for templates"),
            ("servers: 1", "registries: {create: {}}", "`registries` is not for templates"),
            ("disableLoadbalancer: true", "wait: false", "`wait` is not for templates"),
            ("k3s: {extraArgs: []}", "kubeconfig: {}", "`kubeconfig` is not for templates"),
            (
                "k3s: {",
                "runtime: {serversMemory: 1g}, k3s: {",
                "`serversMemory` is not for templates",
            ),
        ];
        for (from, to, expected) in cases {
            let all = said(from, to);
            assert!(all.contains(expected), "{to}: {all}");
        }
    }

    #[test]
    fn a_volume_without_a_source_and_a_file_that_is_a_text_show_nothing_of_the_host() {
        let text = GOOD.replace("\"/srv:/srv\"", "/cache")
            + "files: [{source: \"a\\nb\", destination: x}]\n";
        assert_eq!(config(&text, false).expect("it is good").host_mounts, [""; 0]);
        let text = GOOD.replace("\"/srv:/srv\"", "/cache")
            + "files: [{source: /etc/hosts, destination: x}]\n";
        assert!(config(&text, false).unwrap_err().contains("`/etc/hosts` of the host"));
    }

    #[test]
    fn what_k3d_does_not_know_is_unknown_here_too() {
        let error = config(&GOOD.replace("agents: 2", "agenst: 2"), true).unwrap_err();
        assert_eq!(error, "k3d-test as rendered:4: unknown key `agenst` in k3d's configuration");
        let error = config(&GOOD.replace("kind: Simple", "kind: Cluster"), true).unwrap_err();
        assert_eq!(error, "k3d-test as rendered:2: there is no kind `Cluster`");
    }
}
