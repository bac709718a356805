//! Which kubelets Kubernetes supports beside an API server: not newer ones, and none that is more
//! than three minors older (<https://kubernetes.io/releases/version-skew-policy/#kubelet>).

/// How many minors a kubelet may be older than the API server.
const OLDEST: u64 = 3;

/// Major and minor of a version.
pub type Minor = (u64, u64);

/// A kubelet that Kubernetes does not support beside an API server.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SkewError {
    #[error(
        "kubelets of {}.{} are newer than the API server of {}.{}",
        kubelet.0, kubelet.1, server.0, server.1
    )]
    Newer { kubelet: Minor, server: Minor },
    #[error(
        "kubelets of {}.{} are more than {OLDEST} minors older than the API server of {}.{}",
        kubelet.0, kubelet.1, server.0, server.1
    )]
    TooOld { kubelet: Minor, server: Minor },
}

impl SkewError {
    /// What Kubernetes supports instead.
    #[must_use]
    pub fn help(&self) -> String {
        let (Self::Newer { server, .. } | Self::TooOld { server, .. }) = self;
        let (major, newest) = server;
        let oldest = newest.saturating_sub(OLDEST);
        format!("Kubernetes supports {major}.{oldest} to {major}.{newest} there")
    }
}

/// Whether Kubernetes supports a kubelet beside an API server.
pub fn check(kubelet: Minor, server: Minor) -> Result<(), SkewError> {
    if kubelet > server {
        return Err(SkewError::Newer { kubelet, server });
    }
    if kubelet.0 < server.0 || kubelet.1 + OLDEST < server.1 {
        return Err(SkewError::TooOld { kubelet, server });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case((1, 36))]
    #[case((1, 33))]
    fn as_new_and_up_to_three_minors_older_is_supported(#[case] kubelet: Minor) {
        assert_eq!(check(kubelet, (1, 36)), Ok(()));
    }

    #[test]
    fn newer_and_much_older_is_not() {
        let errors = [check((1, 37), (1, 36)).unwrap_err(), check((1, 32), (1, 36)).unwrap_err()];
        insta::assert_snapshot!(crate::wording::listed(include_str!("skew.rs"), &errors));
        assert_eq!(errors[0].help(), "Kubernetes supports 1.33 to 1.36 there");
    }
}
