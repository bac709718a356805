//! What the cluster's CNI lets through.
//!
//! Must not know who asks: a packet is where it comes from and where it goes.

mod rules;

use std::{collections::BTreeMap, net::IpAddr, net::SocketAddr, sync::Arc};

use super::{
    actor::Actor,
    inner::{Core, locked},
    objects::{NAMESPACES, PODS, POLICIES, View, Which},
};
use crate::{clock::Moment, sim::api::Object};
use rules::{Direction, Policy};

/// What concerns it.
pub(super) const KINDS: &[Which] = &[NAMESPACES, PODS, POLICIES];

/// Where a packet comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Peer {
    At(IpAddr),
    /// From beyond the cluster, through a node.
    Outside,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    Allowed,
    /// Without a word, as kindnet and most others do it.
    Dropped,
}

/// A pod as policies see it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Facts {
    pub(super) namespace: String,
    pub(super) labels: BTreeMap<String, String>,
    /// Its containers' ports by their names.
    pub(super) ports: BTreeMap<String, u16>,
}

/// The policies in effect, and what they are about.
#[derive(Clone, Debug, Default)]
pub(super) struct Policies {
    all: Vec<Policy>,
    pods: BTreeMap<IpAddr, Facts>,
    /// The labels of namespaces.
    namespaces: BTreeMap<String, BTreeMap<String, String>>,
}

impl Policies {
    /// Both ends have their say: who sends, and who is sent to.
    pub(super) fn judge(&self, from: &Peer, to: SocketAddr) -> Verdict {
        if *from == Peer::At(to.ip()) {
            return Verdict::Allowed;
        }
        let leaves = match from {
            Peer::At(from) => {
                let other = Peer::At(to.ip());
                self.allows(*from, Direction::Egress, &other, to)
            }
            Peer::Outside => true,
        };
        if leaves && self.allows(to.ip(), Direction::Ingress, from, to) {
            Verdict::Allowed
        } else {
            Verdict::Dropped
        }
    }

    /// Whether a pod's policies allow a connection with another end: all do where none is about
    /// the pod and the direction, otherwise one is enough.
    fn allows(&self, pod: IpAddr, direction: Direction, other: &Peer, to: SocketAddr) -> bool {
        let Some(facts) = self.pods.get(&pod) else { return true };
        let about = |policy: &&Policy| policy.is_about(facts, direction);
        let mut selecting = self.all.iter().filter(about).peekable();
        selecting.peek().is_none()
            || selecting.any(|policy| policy.allows(self, direction, other, to))
    }

    fn facts_of(&self, peer: &Peer) -> Option<&Facts> {
        match peer {
            Peer::At(address) => self.pods.get(address),
            Peer::Outside => None,
        }
    }
}

/// Puts policies into effect.
#[derive(Default)]
pub(super) struct Enforcer {
    /// What will be in effect, and when.
    pending: Option<(Moment, Vec<Policy>)>,
}

impl Actor for Enforcer {
    fn step(&mut self, core: &Arc<Core>) -> Option<Moment> {
        let now = core.now();
        let works = core.machines().values().any(|machine| machine.has_kubelet(now));
        if !core.spec.cni.enforces || !works {
            return None;
        }
        let store = core.store()?;
        let view = View::of(&store);
        let asked: Vec<Policy> = view.all(POLICIES).iter().map(|it| Policy::read(it)).collect();
        let mut policies = locked(&core.policies);
        policies.pods = view.all(PODS).iter().filter_map(facts).collect();
        let labelled = |it: &Arc<Object>| (it.name().to_owned(), it.labels());
        policies.namespaces = view.all(NAMESPACES).iter().map(labelled).collect();
        if policies.all == asked {
            self.pending = None;
            return None;
        }
        let since = match self.pending.take() {
            Some((since, known)) if known == asked => since,
            _ => now + core.spec.tuning.policy_takes,
        };
        if since <= now {
            policies.all = asked;
            return None;
        }
        self.pending = Some((since, asked));
        Some(since)
    }
}

fn facts(pod: &Arc<Object>) -> Option<(IpAddr, Facts)> {
    let is_on_host = pod.pointer("/spec/hostNetwork") == Some(&true.into());
    let has_ended = matches!(pod.text("/status/phase"), "Failed" | "Succeeded");
    let address = pod.text("/status/podIP").parse().ok().filter(|_| !is_on_host && !has_ended)?;
    let containers = pod.items("/spec/containers");
    let ports = containers.flat_map(|one| one["ports"].as_array().into_iter().flatten());
    let ports = ports.filter_map(|port| {
        let number = u16::try_from(port["containerPort"].as_u64()?).ok()?;
        Some((port["name"].as_str()?.to_owned(), number))
    });
    let (namespace, labels) = (pod.namespace().to_owned(), pod.labels());
    Some((address, Facts { namespace, labels, ports: ports.collect() }))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    const WEB: &str = "10.0.0.1";
    const DB: &str = "10.0.0.2";
    const OTHER: &str = "10.0.0.3";

    fn facts(namespace: &str, app: &str) -> Facts {
        Facts {
            namespace: namespace.to_owned(),
            labels: [("app".to_owned(), app.to_owned())].into(),
            ports: [("http".to_owned(), 8080)].into(),
        }
    }

    fn policies(specs: &[Value]) -> Policies {
        let policy = |spec: &Value| {
            let value = json!({"metadata": {"name": "p", "namespace": "shop"}, "spec": spec});
            Policy::read(&Object::try_from(value).expect("an object"))
        };
        let at = |text: &str| text.parse().expect("an address");
        Policies {
            all: specs.iter().map(policy).collect(),
            pods: [
                (at(WEB), facts("shop", "web")),
                (at(DB), facts("shop", "db")),
                (at(OTHER), facts("bar", "web")),
            ]
            .into(),
            namespaces: [
                ("shop".to_owned(), [("team".to_owned(), "a".to_owned())].into()),
                ("bar".to_owned(), [("team".to_owned(), "b".to_owned())].into()),
            ]
            .into(),
        }
    }

    /// To the database, from whom and at which port.
    fn allowed(specs: &[Value], from: &str, port: u16) -> bool {
        let from = from.parse().map_or(Peer::Outside, Peer::At);
        let to = SocketAddr::new(DB.parse().expect("an address"), port);
        policies(specs).judge(&from, to) == Verdict::Allowed
    }

    fn ingress(rules: &Value) -> Value {
        json!({"podSelector": {"matchLabels": {"app": "db"}}, "ingress": rules})
    }

    fn from(peer: &Value) -> Value {
        ingress(&json!([{"from": [peer]}]))
    }

    fn ports(port: &Value) -> Value {
        ingress(&json!([{"ports": [port]}]))
    }

    #[rstest]
    #[case::none(&[], OTHER, true)]
    #[case::closed(&[ingress(&json!([]))], WEB, false)]
    #[case::to_itself(&[ingress(&json!([]))], DB, true)]
    #[case::closed_outside(&[ingress(&json!([]))], "outside", false)]
    #[case::about_others(&[json!({"podSelector": {"matchLabels": {"app": "web"}}})], WEB, true)]
    #[case::open(&[ingress(&json!([{}]))], "outside", true)]
    #[case::one_is_enough(&[ingress(&json!([])), ingress(&json!([{}]))], OTHER, true)]
    #[case::own_namespace(&[from(&json!({"podSelector": {}}))], WEB, true)]
    #[case::not_another(&[from(&json!({"podSelector": {}}))], OTHER, false)]
    #[case::by_namespace(
        &[from(&json!({"namespaceSelector": {"matchLabels": {"team": "b"}}}))], OTHER, true
    )]
    #[case::by_both(
        &[from(&json!({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "db"}}}))],
        OTHER, false
    )]
    #[case::by_block(&[from(&json!({"ipBlock": {"cidr": "10.0.0.0/30"}}))], OTHER, true)]
    #[case::but_for(
        &[from(&json!({"ipBlock": {"cidr": "10.0.0.0/24", "except": ["10.0.0.3/32"]}}))],
        OTHER, false
    )]
    #[case::anywhere(&[from(&json!({"ipBlock": {"cidr": "0.0.0.0/0"}}))], "outside", true)]
    fn a_policy_lets_in_whom_it_names(
        #[case] specs: &[Value],
        #[case] from: &str,
        #[case] expected: bool,
    ) {
        assert_eq!(allowed(specs, from, 8080), expected);
    }

    #[rstest]
    #[case::number(json!({"port": 8080}), true)]
    #[case::another(json!({"port": 80}), false)]
    #[case::name(json!({"port": "http"}), true)]
    #[case::no_such_name(json!({"port": "admin"}), false)]
    #[case::range(json!({"port": 8000, "endPort": 9000}), true)]
    #[case::beyond(json!({"port": 8000, "endPort": 8079}), false)]
    #[case::protocol(json!({"protocol": "UDP", "port": 8080}), false)]
    fn a_policy_lets_in_at_ports(#[case] port: Value, #[case] expected: bool) {
        assert_eq!(allowed(&[ports(&port)], WEB, 8080), expected);
    }

    #[rstest]
    #[case::closed(json!({"podSelector": {}, "policyTypes": ["Egress"]}), false)]
    #[case::only_ingress(json!({"podSelector": {"matchLabels": {"app": "web"}}}), true)]
    #[case::to_the_database(
        json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Egress"],
               "egress": [{"to": [{"podSelector": {"matchLabels": {"app": "db"}}}]}]}),
        true
    )]
    #[case::by_having_rules(
        json!({"podSelector": {"matchLabels": {"app": "web"}}, "egress": [{"ports": [{"port": 1}]}]}),
        false
    )]
    fn a_policy_lets_out(#[case] spec: Value, #[case] expected: bool) {
        assert_eq!(allowed(&[spec], WEB, 8080), expected);
    }
}
