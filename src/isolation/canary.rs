//! The policy canary: whether a cluster enforces `NetworkPolicy`, found out by a policy that
//! forbids what was possible before it and is possible after it. What a CNI is known for, and
//! even that a policy was accepted, says nothing of it.

use std::{cell::Cell, net::SocketAddr, time::Duration};

use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Answer, agnhost, client::IMAGE};
use crate::{
    kube::{self, ClusterApi, Exec, KubeError, PodName},
    template::{Engine, TemplateError},
    wait::{Look, WaitError, Waiting, not_yet},
};

const NAMESPACE: &str = "seatrial-canary";
const PORT: u16 = 8080;
const READINESS: Duration = Duration::from_secs(60);
/// How long a policy may take to close or to open a way; those that work take a second or two.
const EFFECT: Duration = Duration::from_secs(20);
/// How long one connection may take.
const CONNECT: Duration = Duration::from_secs(1);
/// How many connections in a row must be denied: on a busy host one may be late by itself.
const DENIALS: u32 = 3;
/// Beyond the connection: starting the program on a busy machine.
const START: Duration = Duration::from_secs(15);
const REMOVAL: Duration = Duration::from_secs(60);

/// What the canary found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Enforcement {
    /// The way was closed this long after the policy was accepted.
    After(Duration),
    /// It was open this long after, and the canary gave up.
    NotWithin(Duration),
}

/// Why the canary cannot tell.
#[derive(Debug, thiserror::Error)]
pub enum CanaryError {
    #[error("{cluster}: the policy canary has no pod that {role}s: somebody deleted it; try again")]
    Gone { cluster: String, role: &'static str },
    #[error(transparent)]
    Kube(#[from] KubeError),
    /// Without the control, a denial proves nothing.
    #[error(
        "the policy canary cannot tell whether NetworkPolicy is enforced: {when} its policy, {error}"
    )]
    NotReached { when: &'static str, error: WaitError },
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Some connections were denied, or nobody could look.
    #[error(
        "the policy canary cannot tell whether NetworkPolicy is enforced: under its policy, {error}; try again when the host is less busy"
    )]
    Undecided { error: WaitError },
    #[error(transparent)]
    Wait(#[from] WaitError),
}

/// A cluster with the canary's pods in it.
struct Canary<'a> {
    api: &'a ClusterApi,
    templates: &'a Engine,
    cancelled: &'a CancellationToken,
    client: PodName,
    server: SocketAddr,
}

#[derive(Serialize)]
struct Context {
    namespace: &'static str,
    image: &'static str,
    port: u16,
}

const CONTEXT: Context = Context { namespace: NAMESPACE, image: IMAGE, port: PORT };

/// Tries it, and removes what it took. Every node must have [`IMAGE`].
pub async fn try_out(
    api: &ClusterApi,
    templates: &Engine,
    cancelled: &CancellationToken,
) -> Result<Enforcement, CanaryError> {
    // One that was ended in the middle of it may have left its policy.
    api.remove_namespace(NAMESPACE, REMOVAL, cancelled).await?;
    let found = match Canary::place(api, templates, cancelled).await {
        Ok(canary) => canary.sing().await,
        Err(error) => Err(error),
    };
    // Also when it went wrong or was interrupted: the lab may stay.
    let removed = api.remove_namespace(NAMESPACE, REMOVAL, &CancellationToken::new()).await;
    let found = found?;
    removed?;
    Ok(found)
}

/// What connections showed of a policy.
#[derive(Clone, Copy, Debug, Default)]
struct Looks {
    /// How many were denied in a row, up to the last one, and when the first of them was.
    denials: u32,
    first_denial: Duration,
    /// Whether the last one that was answered was allowed.
    is_open: bool,
}

impl Looks {
    fn and(self, answer: Answer, at: Duration) -> Self {
        match answer {
            answer if answer.is_denial() && self.denials == 0 => {
                Self { denials: 1, first_denial: at, is_open: false }
            }
            answer if answer.is_denial() => Self { denials: self.denials + 1, ..self },
            answer => Self { is_open: answer == Answer::Allowed, ..Self::default() },
        }
    }
}

impl<'a> Canary<'a> {
    async fn place(
        api: &'a ClusterApi,
        templates: &'a Engine,
        cancelled: &'a CancellationToken,
    ) -> Result<Self, CanaryError> {
        api.apply("the policy canary", &templates.render("workloads/canary.yaml", &CONTEXT)?)
            .await?;
        for name in ["client", "server"] {
            let pods = kube::Workload::Deployment { namespace: NAMESPACE, name };
            api.wait_workload(&pods, READINESS, cancelled).await?;
        }
        let gone = |role| CanaryError::Gone { cluster: api.cluster().to_owned(), role };
        let client = api.pod_labelled(NAMESPACE, "app=client").await?;
        let client = client.ok_or_else(|| gone("ask"))?;
        let server = api.pod_address(NAMESPACE, "app=server").await?;
        let server = SocketAddr::new(server.ok_or_else(|| gone("answer"))?, PORT);
        Ok(Self { api, templates, cancelled, client, server })
    }

    async fn sing(&self) -> Result<Enforcement, CanaryError> {
        let not_reached = |when| move |error| CanaryError::NotReached { when, error };
        self.until("its server to be reached", |answer| answer == Answer::Allowed)
            .await
            .map_err(not_reached("before"))?;
        let policy = self.templates.render("workloads/canary-policy.yaml", &CONTEXT)?;
        self.api.apply("the canary's policy", &policy).await?;
        let closed = Instant::now();
        let looks = Cell::new(Looks::default());
        let stays_closed = |answer: Answer| {
            looks.set(looks.get().and(answer, closed.elapsed()));
            looks.get().denials >= DENIALS
        };
        let denied = self.until("its policy to close the way", stays_closed).await;
        let found = match (denied, looks.get()) {
            (Ok(()), Looks { first_denial, .. }) => Enforcement::After(first_denial),
            (Err(WaitError::GaveUp { .. }), Looks { is_open: true, .. }) => {
                Enforcement::NotWithin(EFFECT)
            }
            (Err(error @ WaitError::GaveUp { .. }), _) => {
                return Err(CanaryError::Undecided { error });
            }
            (Err(error), _) => return Err(error.into()),
        };
        self.api.remove_policies(NAMESPACE).await?;
        self.until("its server to be reached again", |answer| answer == Answer::Allowed)
            .await
            .map_err(not_reached("after"))?;
        Ok(found)
    }

    async fn until(&self, what: &str, is_so: impl Fn(Answer) -> bool) -> Result<(), WaitError> {
        let who = self.api.cluster();
        let waiting = Waiting { who, what, within: EFFECT, cancelled: self.cancelled };
        waiting
            .until(async || match self.ask().await {
                Ok((answer, _)) if is_so(answer) => Look::Met(()),
                Ok((answer, said)) => {
                    Look::NotYet(said.unwrap_or_else(|| answer.name().to_owned()))
                }
                Err(error) => {
                    is_so(Answer::Error);
                    not_yet(error)
                }
            })
            .await
    }

    async fn ask(&self) -> Result<agnhost::Said, KubeError> {
        let command = agnhost::command(&[self.server], CONNECT);
        let (pod, within) = (&self.client, CONNECT + START);
        let written = self.api.exec(Exec { pod, what: "connecting", command, within }).await?;
        let silent = (Answer::Error, None);
        Ok(agnhost::answers(&[self.server], &written).pop().unwrap_or(silent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_count_from_the_first_and_only_in_a_row() {
        let seconds = Duration::from_secs;
        let open =
            Looks::default().and(Answer::Refused, seconds(1)).and(Answer::Allowed, seconds(2));
        assert!((open.denials, open.is_open) == (0, true), "{open:?}");
        let closed = open.and(Answer::Timeout, seconds(3)).and(Answer::Refused, seconds(5));
        assert_eq!((closed.denials, closed.first_denial), (2, seconds(3)));
        assert!(!closed.is_open, "nobody knows whether it would have stayed closed");
        let unclear = closed.and(Answer::Error, seconds(6));
        assert!((unclear.denials, unclear.is_open) == (0, false), "{unclear:?}");
    }

    #[test]
    fn every_error_of_a_canary_says_why_it_cannot_tell() {
        let cluster = || "eu".to_owned();
        let (within, what) = (Duration::from_secs(10), "its pods".to_owned());
        let waited = || WaitError::Cancelled { who: cluster(), what: "its policy".to_owned() };
        let errors = [
            CanaryError::Gone { cluster: cluster(), role: "ask" },
            KubeError::Silent { cluster: cluster(), what, within }.into(),
            CanaryError::NotReached { when: "before", error: waited() },
            TemplateError::TooLarge {
                template: "workloads/canary.yaml".to_owned(),
                limit: 1 << 20,
            }
            .into(),
            waited().into(),
            CanaryError::Undecided { error: waited() },
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("canary.rs"), &errors));
    }
}
